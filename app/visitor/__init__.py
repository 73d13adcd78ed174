"""Who is here: session, address, settings, permission, looks."""
