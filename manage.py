#!/usr/bin/env python3
"""Django's command line for Enishi. `make help` lists the everyday commands."""

import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings.dev")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        # Settings that are refused say which variable and how to repair it; the way there helps nobody.
        sys.exit(f"Enishi cannot start: {error}")
