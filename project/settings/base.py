"""What every environment shares. Values come from the environment; defaults are safe for production."""

from __future__ import annotations

from pathlib import Path

from redis.backoff import NoBackoff
from redis.retry import Retry

from integrations.providers import registry
from project.settings import api, env
from project.settings.queues import celery_settings

BASE_DIR = Path(__file__).resolve().parent.parent.parent
VAR_DIR = Path(env.text("ENISHI_VAR", str(BASE_DIR / "var")))
env.load_servers(VAR_DIR / "embedded.env")

SITE_URL = env.text("ENISHI_URL", f"http://localhost:{env.integer('PORT', 8000)}").rstrip("/")
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
    "allauth.mfa",
    "allauth.headless",
    "corsheaders",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "accounts",
    "library",
    "integrations",
    "syncing",
    "notices",
    "project",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "project.security.SecurityHeadersMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.PersonMiddleware",
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

# Data ---------------------------------------------------------------------------------------------------
# Neither URL set: `manage.py up` starts the servers itself (project/embedded), SQLite needs none.
DATABASE_URL = env.text("DATABASE_URL", f"sqlite:///{VAR_DIR}/enishi.sqlite3")
EMBEDDED_DATABASE = env.text("EMBEDDED_DATABASE", "sqlite")
# Connections a process may hold. 0 where processes fork (prefork workers): a pool does not survive a fork.
DATABASES = {"default": env.database(DATABASE_URL, pool=env.integer("DATABASE_POOL", 20))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = env.text("REDIS_URL", "redis://127.0.0.1:6379/0")
# A database number of its own, since clearing a cache empties its database. In a larger house a server of its own:
# a cache may forget and be lost at any time, the queue may not.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": env.text("CACHE_URL") or env.next_redis(REDIS_URL),
        "KEY_PREFIX": "cache",
        # redis-py 7 waits up to 10 s in between three tries by itself; a page may not hang so long for a counter.
        "OPTIONS": {"socket_timeout": 2, "socket_connect_timeout": 2, "retry": Retry(NoBackoff(), 1)},
    }
}
# Another broker than Redis, which stays needed for the services' budgets.
BROKER_URL = env.text("BROKER_URL") or REDIS_URL
globals().update(celery_settings(BROKER_URL))
# Which workers `manage.py up` starts (project/workers.py): one, each, or "" as suits the database.
WORKERS = env.text("WORKERS")

# Accounts -----------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in (
        ("UserAttributeSimilarityValidator", {"user_attributes": ["email"]}),
        # ASVS 5.0 6.2.1: at least 8, 15 advised. No rules about digits or signs (6.2.5).
        ("MinimumLengthValidator", {"min_length": 10}),
        ("CommonPasswordValidator", {}),
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"
SIGNUP_OPEN = env.flag("SIGNUP_OPEN", True)
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_SESSION_REMEMBER = True
# Changing the addresses that can reset the password asks for the password again: a borrowed session is not enough.
ACCOUNT_REAUTHENTICATION_REQUIRED = True
# Each new address gets a mail from us: no one may have us write to many.
ACCOUNT_MAX_EMAIL_ADDRESSES = 3
# allauth's own limits (sign-in, sign-up, reset, …) are on by default and count in the cache: all processes share them.
# Ours stand beside them (accounts.web.limits): what asks a service, what asks for a run, and every other change.
ACCOUNT_RATE_LIMITS = {
    "link": env.text("LIMIT_LINK", "30/h/user"),
    "sync": env.text("LIMIT_SYNC", "10/m/user,100/h/user"),
    "change": env.text("LIMIT_CHANGE", "120/m/user"),
    # Looking through the services' catalogues: the API counts the same by itself (LIMIT_API_SEARCH).
    "search": env.text("LIMIT_SEARCH", "30/m/user"),
    # Whole lists: a file given to us, or written for somebody.
    "files": env.text("LIMIT_FILES", "30/h/user"),
}
globals().update(api.api_settings())
# So long what a service's catalogue answered is good for everybody.
CATALOGUE_SECONDS = env.integer("CATALOGUE_SECONDS", 900)
# How many proxies of ours stand in front: that many of the last addresses in X-Forwarded-For are true.
TRUSTED_PROXIES = env.integer("TRUSTED_PROXIES", 0)
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES

SILENCED_SYSTEM_CHECKS = [
    # "USERNAME_FIELD is not unique": it is, by the constraint on lower(email), which the check does not see.
    "auth.W004",
]

# The browser ------------------------------------------------------------------------------------------------
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"  # Strict would lose the session on the way back from a service's authorize page
SESSION_COOKIE_AGE = 60 * 60 * 24 * 30
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

# Mail -------------------------------------------------------------------------------------------------------
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = env.text("EMAIL_HOST", "localhost")
EMAIL_PORT = env.integer("EMAIL_PORT", 25)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS")
EMAIL_USE_SSL = env.flag("EMAIL_USE_SSL")
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text("EMAIL_FROM", "Enishi <enishi@localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# Language, files --------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True
STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "project" / "static"]

# Syncing ------------------------------------------------------------------------------------------------
# No connection is checked more often than this on its own; the services' budgets are shared by everybody.
SYNC_MIN_INTERVAL_MINUTES = env.integer("SYNC_MIN_INTERVAL_MINUTES", 15)
# Lists that move are checked oftener than their person chose, sleeping ones more rarely (syncing.core.pace): never more
# rarely than this, unless they chose to; the chosen interval, multiplied by these two at the most, holds as it is when
# nothing has moved for so many hours.
SYNC_MAX_INTERVAL_MINUTES = env.integer("SYNC_MAX_INTERVAL_MINUTES", 1440)
SYNC_PACE_FASTEST_PERCENT = env.integer("SYNC_PACE_FASTEST_PERCENT", 50)
SYNC_PACE_SLOWEST_PERCENT = env.integer("SYNC_PACE_SLOWEST_PERCENT", 600)
SYNC_PACE_MIDDLE_HOURS = env.integer("SYNC_PACE_MIDDLE_HOURS", 24)
# Seconds after which a run that gives no sign of life is taken over; whoever works renews before each write.
SYNC_LEASE_SECONDS = env.integer("SYNC_LEASE_SECONDS", 360)
# One turn of a long push: then others get theirs, and it goes on.
SYNC_SLICE_SECONDS = env.integer("SYNC_SLICE_SECONDS", 60)
SYNC_SLICE_WRITES = env.integer("SYNC_SLICE_WRITES", 200)
# Runs of one service that may be in the queue `interactive` at a time; more go by way of the service's own queue. A
# worker of that queue has so many threads a service, so that one that hangs leaves the others' threads alone.
SYNC_INTERACTIVE_SHARE = env.integer("SYNC_INTERACTIVE_SHARE", 4)
# How long the journal is kept, and with it what can be undone.
JOURNAL_DAYS = env.integer("JOURNAL_DAYS", 365)

# How many runs one process of the web may show as a stream of events at once: each holds one of its threads.
EVENT_STREAMS = max(1, env.integer("WEB_THREADS", 8) // 2)

# Notices ------------------------------------------------------------------------------------------------
# Whether a person's webhook may lead into a private network, over http, to any port: for a house of one's own only.
NOTICES_ALLOW_PRIVATE = env.flag("NOTICES_ALLOW_PRIVATE")

# Id tables ----------------------------------------------------------------------------------------------
# Which ids name one work, and where its episodes are on Trakt. Looked at once a day; an empty address switches one off.
_RAW = "https://raw.githubusercontent.com"
ID_TABLES = {
    slug: env.text(f"ID_TABLE_{slug.upper()}", url)
    for slug, url in {
        "anibridge": "https://github.com/anibridge/anibridge-mappings/releases/download/v3/mappings.min.json",
        "fribb": f"{_RAW}/Fribb/anime-lists/master/anime-list-mini.json",
        "anime_lists": f"{_RAW}/Anime-Lists/anime-lists/master/anime-list-master.xml",
        "anitrakt_movies": f"{_RAW}/rensetsu/db.trakt.extended-anitrakt/main/json/output/movies_ex.json",
        "anitrakt_shows": f"{_RAW}/rensetsu/db.trakt.extended-anitrakt/main/json/output/tv_ex.json",
        "arm": f"{_RAW}/kawaiioverflow/arm/master/arm.json",
    }.items()
}

# Services -----------------------------------------------------------------------------------------------
# When set, every request for a service goes to this sandbox instead: https://HOST/path becomes SANDBOX_URL/HOST/path.
SANDBOX_URL = env.text("ENISHI_SANDBOX_URL").rstrip("/")
VERSION = "0.1.0"
USER_AGENT = env.text("ENISHI_USER_AGENT", f"{SITE_NAME}/{VERSION} (+{CONTACT_URL})")
# Workers that leave through one address share its budgets: give those behind another address another name.
EGRESS_ADDRESS = env.text("ENISHI_EGRESS_ADDRESS", "default")
# More lines for integrations.providers.registry, {slug: dotted path}: for trials and tests.
EXTRA_PROVIDERS: dict[str, str] = {}
# A read access token (v4) of TMDB: finds films and shows that the id tables know by imdb or tvdb id alone.
TMDB_TOKEN = env.text("TMDB_TOKEN")
# A provider's variables begin with its short name, e.g. MAL_CLIENT_ID. A new provider needs no line here.
_SHORT = {slug: registry.short_name(slug) for slug in registry.slugs()}
PROVIDERS = {
    slug: {
        "enabled": env.flag(f"{short.upper()}_ENABLED", True),
        # requests/seconds:burst, e.g. 24/60:4; empty = the provider's own starting rate.
        "rate": env.text(f"{short.upper()}_RATE"),
        # What a new connection starts with; each person may change theirs.
        "interval": env.integer(f"{short.upper()}_INTERVAL", 60),
        "direction": env.text(f"{short.upper()}_DIRECTION", "bidirectional"),
    }
    for slug, short in _SHORT.items()
}
PROVIDER_APPS = {
    slug: (env.text(f"{short.upper()}_CLIENT_ID"), env.text(f"{short.upper()}_CLIENT_SECRET"))
    for slug, short in _SHORT.items()
}
# Where a service may send a person back to; the first is used when none is asked for.
OAUTH_REDIRECT_URIS = {
    slug: env.listing(f"{short.upper()}_REDIRECT_URIS") or [f"{SITE_URL}/integrations/{short}/callback"]
    for slug, short in _SHORT.items()
}
