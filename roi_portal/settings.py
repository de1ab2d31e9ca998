"""Every setting of the portal, in one file. Variables are read through `environment` only."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path
from urllib.parse import urlsplit

from django.utils.translation import gettext_lazy as _

from roi_portal import environment, telemetry

ROOT = Path(__file__).resolve().parent.parent

# -- where it runs ----------------------------------------------------------------------------------------------

EMBEDDED = environment.flag("ROI_EMBEDDED")  # set by manage.py where it brings PostgreSQL along
TESTING = environment.flag("ROI_TESTING")
DATA_DIR = Path(environment.text("ROI_DATA_DIR", str(ROOT / "var"))).absolute()
PORT = environment.whole_number("PORT", 8000, at_least=1, at_most=65535)
PUBLIC_URL = environment.address("PUBLIC_URL", f"http://127.0.0.1:{PORT}") if EMBEDDED else environment.address(
    "PUBLIC_URL", environment.text("PUBLIC_URL")
)  # fmt: skip
ENCRYPTED = PUBLIC_URL.startswith("https://")
ALLOWED_HOSTS = environment.host_names(
    "ALLOWED_HOSTS",
    ["127.0.0.1", "localhost", "[::1]"] if EMBEDDED else [urlsplit(PUBLIC_URL).hostname or ""],
)
BEHIND_PROXY = environment.flag("BEHIND_PROXY")  # a proxy of ours sets X-Forwarded-Proto, and nobody else can

# -- secrets: three keys for three purposes ---------------------------------------------------------------------

SECRET_KEY = environment.secret("SECRET_KEY")
FIELD_ENCRYPTION_KEYS = environment.encryption_keys("FIELD_ENCRYPTION_KEYS")
TOKEN_HASH_KEY = environment.text(
    "TOKEN_HASH_KEY", hmac.new(SECRET_KEY.encode(), b"roi_portal token hashes", hashlib.sha256).hexdigest()
)

# -- defaults for the organisation's row; afterwards the row counts ---------------------------------------------

DEFAULT_TIME_ZONE = environment.time_zone("TIME_ZONE", "Europe/Berlin")
DEFAULT_FISCAL_YEAR_START = environment.whole_number("FISCAL_YEAR_START", 1, at_least=1, at_most=12)
DEFAULT_REPORTING_CURRENCY = environment.currency("REPORTING_CURRENCY", "EUR")

# -- the application --------------------------------------------------------------------------------------------

DEBUG = False  # for ever: there is no switch, so it cannot be left on
ROOT_URLCONF = "roi_portal.urls"
WSGI_APPLICATION = "roi_portal.wsgi.application"
AUTH_USER_MODEL = "kpis.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "roi_portal",
    "kpis",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "drf_standardized_errors",
    "django_filters",
    "django_htmx",
    "csp",
    "axes",
]

MIDDLEWARE = [
    "roi_portal.telemetry.RequestMiddleware",
    "roi_portal.health.HealthMiddleware",
    "kpis.api.errors.ProblemMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "roi_portal.browsers.ContentSecurityPolicy",
    "roi_portal.browsers.Sessions",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "roi_portal.browsers.Authentication",
    "roi_portal.browsers.Messages",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "roi_portal.browsers.Htmx",
    "axes.middleware.AxesMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

# -- database: the only truth -----------------------------------------------------------------------------------

DATABASE_URL = environment.text("DATABASE_URL")
EVENTS_DATABASE_URL = environment.text("EVENTS_DATABASE_URL", DATABASE_URL)

# A page may not hold a row or a connection for long, the worker may calculate for a while, and a command typed
# by a person (migrate, verify, backup) takes the time that it takes.
STATEMENT_SECONDS = {"web": 30, "worker": 300}.get(environment.process_kind(), 0)
LOCK_SECONDS = {"web": 5, "worker": 30}.get(environment.process_kind(), 0)
IDLE_IN_TRANSACTION_SECONDS = 60 if environment.process_kind() in ("web", "worker") else 0

DATABASES = {"default": environment.database("DATABASE_URL", DATABASE_URL)}
DATABASES["default"] |= {
    # Pages run in the threads of a fixed pool (asgi.py), so a kept connection belongs to one thread.
    "CONN_MAX_AGE": 60,
    "CONN_HEALTH_CHECKS": True,
    "ATOMIC_REQUESTS": False,
    "OPTIONS": {
        "connect_timeout": 5,
        "application_name": f"roi-{environment.process_kind()}",
        "options": f"-c statement_timeout={STATEMENT_SECONDS}s -c lock_timeout={LOCK_SECONDS}s"
        f" -c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_SECONDS}s",
        **DATABASES["default"]["OPTIONS"],  # type: ignore[dict-item]
    },
}
DURABILITY_REQUIRED = not TESTING  # readiness asks the database whether it keeps what it confirms

# Nothing shared is kept outside the database: a cache that is away must not take a page with it.
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "OPTIONS": {"MAX_ENTRIES": 2000}},
}

# -- tasks: messages are wake-ups with ids, the rows decide -----------------------------------------------------

CELERY_BROKER_URL = environment.text("CELERY_BROKER_URL")
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_DEFAULT_QUEUE = "derive"
CELERY_TASK_CREATE_MISSING_QUEUES = True
CELERY_TASK_TIME_LIMIT = 300  # shorter than the visibility time-out below, else a task would run twice
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_step": 0.2, "interval_max": 0.2}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 2000
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 600_000  # kB
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_TIMEOUT = 3
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {
        "visibility_timeout": 600,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "socket_connect_timeout": 3,
    }
    if CELERY_BROKER_URL.startswith(("redis", "valkey"))
    else {}
)

WORKER_READY_FILE = environment.text("ROI_WORKER_READY_FILE", "")  # touched when the worker takes tasks

# -- people, sessions, languages --------------------------------------------------------------------------------

AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "sign-in"
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25  # hours
# By name and address together: an attacker elsewhere cannot lock the owner out.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_ENABLE_ADMIN = False
AXES_CLIENT_IP_CALLABLE = "kpis.access.signing_in.address_of"
AXES_LOCKOUT_CALLABLE = "kpis.dashboards.sign_in.too_many_attempts"

SESSION_COOKIE_NAME = "__Host-session" if ENCRYPTED else "roi-session"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = ENCRYPTED
CSRF_COOKIE_NAME = "__Host-csrf" if ENCRYPTED else "roi-csrf"
CSRF_COOKIE_SECURE = ENCRYPTED
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

USE_TZ = True
TIME_ZONE = "UTC"  # inside; people see their organisation's zone
USE_I18N = True
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("de", _("German"))]
LANGUAGE_COOKIE_NAME = "roi-language"
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = ENCRYPTED
LOCALE_PATHS = [ROOT / "kpis" / "locale"]

# -- what browsers are told -------------------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'", "'unsafe-inline'"],  # Plotly sets style attributes; scripts stay strict
        "img-src": ["'self'", "data:", "blob:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = ENCRYPTED
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if ENCRYPTED else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = ENCRYPTED
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None

# One request of measurements: its size unpacked and its number of points. No body of any kind may be larger.
INGEST_MAX_BYTES = environment.whole_number("INGEST_MAX_BYTES", 64 * 1024 * 1024, at_least=1024 * 1024, at_most=1024**3)
INGEST_MAX_POINTS = environment.whole_number("INGEST_MAX_POINTS", 250_000, at_least=1000, at_most=10_000_000)
INGEST_POINTS_PER_MINUTE = environment.whole_number(
    "INGEST_POINTS_PER_MINUTE", 60_000_000, at_least=0, at_most=2_000_000_000
)  # of a token that has no limit of its own; 0: none
INGEST_MAX_RATIO = environment.whole_number("INGEST_MAX_RATIO", 200, at_least=10, at_most=2000)
INGEST_MAX_LINE_BYTES = environment.whole_number("INGEST_MAX_LINE_BYTES", 131_072, at_least=1024, at_most=64 * 1024**2)
INGEST_MAX_DEPTH = environment.whole_number("INGEST_MAX_DEPTH", 64, at_least=8, at_most=500)
INGEST_MAX_LABEL_SETS = environment.whole_number("INGEST_MAX_LABEL_SETS", 1000, at_least=1, at_most=1_000_000)
INGEST_MAX_SERIES = environment.whole_number("INGEST_MAX_SERIES", 10_000, at_least=10, at_most=1_000_000)
DATA_UPLOAD_MAX_MEMORY_SIZE = INGEST_MAX_BYTES
FILE_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024

# -- static files -----------------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATICFILES_DIRS = [ROOT / "static"]
# On one machine the files are served from where they lie: no collectstatic before the first page.
STATIC_IS_COLLECTED = not EMBEDDED or environment.flag("ROI_COLLECT_STATIC")
STATIC_ROOT = ROOT / "staticfiles" if STATIC_IS_COLLECTED else None
WHITENOISE_USE_FINDERS = not STATIC_IS_COLLECTED
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": DATA_DIR / "files"}},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if STATIC_IS_COLLECTED
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

# -- mail and the outside ---------------------------------------------------------------------------------------

MAIL_IS_SENT = bool(environment.mail("EMAIL_URL"))
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = DATA_DIR / "mail"
globals().update(environment.mail("EMAIL_URL"))
DEFAULT_FROM_EMAIL = environment.text("DEFAULT_FROM_EMAIL", f"ROI Portal <roi-portal@{urlsplit(PUBLIC_URL).hostname}>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
OUTBOUND_ALLOW = environment.names(environment.text("OUTBOUND_ALLOW", ""))
if EMBEDDED:  # on one machine the portal measures itself: its own door, and no other port of this machine
    OUTBOUND_ALLOW.append(f"{urlsplit(PUBLIC_URL).hostname}:{urlsplit(PUBLIC_URL).port or (443 if ENCRYPTED else 80)}")
# A run of a source that has not said anything for so long has died; one request may take a third of it.
PULL_LEASE_SECONDS = environment.whole_number("PULL_LEASE_SECONDS", 90, at_least=6, at_most=3600)

# -- API --------------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "kpis.api.permissions.TokenAuthentication",
        "kpis.api.permissions.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["kpis.api.permissions.Read"],
    "DEFAULT_THROTTLE_CLASSES": ["kpis.api.throttles.PerAsker"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["kpis.api.bodies.StrictJson"],
    "DEFAULT_FILTER_BACKENDS": ["kpis.api.paging.Filters", "kpis.api.paging.Order"],
    "DEFAULT_PAGINATION_CLASS": "kpis.api.paging.Paging",
    "DEFAULT_SCHEMA_CLASS": "kpis.api.schema.Schema",
    "DEFAULT_METADATA_CLASS": None,
    "URL_FORMAT_OVERRIDE": None,
    "EXCEPTION_HANDLER": "kpis.api.errors.as_problem",
    "COERCE_DECIMAL_TO_STRING": True,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "ROI Portal",
    "DESCRIPTION": "Measurements in, proven returns out. Every figure can be followed to the rows behind it.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "kpis.api.schema.with_closed_bodies",
        "kpis.api.schema.with_problems_once",
    ],
    "PATH_CONVERTER_OVERRIDES": {
        "its_slug": {"type": "string", "pattern": "^[a-z0-9]+(?:-[a-z0-9]+)*$"},
        "its_key": {"type": "string", "pattern": "^[a-z0-9]+(?:-[a-z0-9]+)*[.][a-z0-9]+(?:-[a-z0-9]+)*$"},
        "its_day": {"type": "string", "format": "date"},
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

# -- logs -------------------------------------------------------------------------------------------------------

LOGGING = telemetry.logging_settings(environment.text("LOG_LEVEL", "INFO").upper())
