-- Roles, extensions and rights that the portal expects of its PostgreSQL (15 or later). Run as superuser, as often as
-- one likes, on template1 and on the database: by qualit/postgres.py for the private cluster, by compose.yaml, and by
-- hand on a server of one's own. Passwords are set apart. The reasons: docs/decisions/0002-base-locale.md.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'qualit') THEN CREATE ROLE qualit; END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'qualit_app') THEN CREATE ROLE qualit_app; END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'qualit_recherche') THEN CREATE ROLE qualit_recherche; END IF;
END
$$;

-- qualit owns the database and migrates; qualit_app serves the requests and the worker, and owns nothing;
-- qualit_recherche never logs in, it only owns the SECURITY DEFINER search functions, which return identifiers.
ALTER ROLE qualit LOGIN CREATEDB NOSUPERUSER NOCREATEROLE NOBYPASSRLS;
ALTER ROLE qualit_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
ALTER ROLE qualit_recherche NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE BYPASSRLS;
GRANT qualit_app, qualit_recherche TO qualit;

DO $$
DECLARE
    extension text;
BEGIN
    FOR extension IN
        SELECT name FROM pg_available_extensions
        WHERE name IN ('pg_trgm', 'unaccent', 'btree_gist', 'btree_gin', 'citext', 'fuzzystrmatch', 'intarray')
    LOOP
        EXECUTE format('CREATE EXTENSION IF NOT EXISTS %I SCHEMA public', extension);
    END LOOP;
END
$$;

-- The new owner of a function needs CREATE on its schema at the moment it is given.
GRANT USAGE, CREATE ON SCHEMA public TO qualit, qualit_recherche;
GRANT USAGE ON SCHEMA public TO qualit_app;

-- What the owner creates from now on, the application may use; a migration takes back what it must not (journal).
ALTER DEFAULT PRIVILEGES FOR ROLE qualit IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO qualit_app;
ALTER DEFAULT PRIVILEGES FOR ROLE qualit IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO qualit_app;
