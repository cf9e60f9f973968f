"""Hits as one HTML page: a contact sheet."""
