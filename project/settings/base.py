"""What every environment shares. Values come from the environment; defaults are safe for production."""

from __future__ import annotations

from pathlib import Path

from project.settings import env

BASE_DIR = Path(__file__).resolve().parent.parent.parent
VAR_DIR = Path(env.text("ENISHI_VAR", str(BASE_DIR / "var")))

SITE_URL = env.text("ENISHI_URL", "http://localhost:8000").rstrip("/")
SITE_NAME = "Enishi"
CONTACT_URL = env.text("ENISHI_CONTACT_URL", SITE_URL)

DEBUG = False
SECRET_KEY = env.text("SECRET_KEY")
TOKEN_KEYS = env.text("TOKEN_KEYS")
ALLOWED_HOSTS = env.listing("ALLOWED_HOSTS")

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "accounts",
    "library",
    "integrations",
    "syncing",
    "project",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]
ROOT_URLCONF = "project.urls"
WSGI_APPLICATION = "project.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "project" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

DATABASE_URL = env.text("DATABASE_URL", f"sqlite:///{VAR_DIR}/enishi.sqlite3")
DATABASES = {"default": env.database(DATABASE_URL)}
REDIS_URL = env.text("REDIS_URL", "redis://127.0.0.1:6379/0")

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True
STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "project" / "static"]

# Services -----------------------------------------------------------------------------------------------
# When set, every request for a service goes to this sandbox instead: https://HOST/path becomes SANDBOX_URL/HOST/path.
SANDBOX_URL = env.text("ENISHI_SANDBOX_URL").rstrip("/")
PROVIDER_APPS = {
    "anilist": (env.text("ANILIST_CLIENT_ID"), env.text("ANILIST_CLIENT_SECRET")),
    "myanimelist": (env.text("MAL_CLIENT_ID"), env.text("MAL_CLIENT_SECRET")),
}
