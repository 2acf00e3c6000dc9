"""Invented data for the demonstration and for measuring; nothing here describes a real person."""
