#!/bin/sh
# First start of the database container: the roles of qualit/roles.sql with their passwords, then the database.
set -eu

roles=/etc/qualit/roles.sql

# psql quotes the passwords itself (:'name'), so that any character may stand in them.
psql -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d template1 -f "$roles"
psql -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d postgres \
    -v proprietaire="$MOT_DE_PASSE_PROPRIETAIRE" -v application="$MOT_DE_PASSE_APPLICATION" <<'SQL'
ALTER ROLE qualit PASSWORD :'proprietaire';
ALTER ROLE qualit_app PASSWORD :'application';
CREATE DATABASE qualit OWNER qualit TEMPLATE template1;
REVOKE ALL ON DATABASE qualit FROM PUBLIC;
GRANT CONNECT ON DATABASE qualit TO qualit_app;
SQL
psql -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d qualit -f "$roles"
