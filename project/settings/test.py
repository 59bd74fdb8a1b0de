from project.settings.dev import *  # noqa: F403
