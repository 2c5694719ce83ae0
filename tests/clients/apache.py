"""Apache with mod_auth_openidc: a web site whose private part only people of the platform enter."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

from tests.clients.applications import Registered
from tests.clients.processes import HOST, answers, started, until

MODULES = Path("/usr/lib/apache2/modules")
LOADED = ("mpm_event", "authn_core", "authz_core", "authz_user", "headers", "status", "auth_openidc")
CONFIGURATION = """
ServerRoot "{folder}"
ServerName {host}
Listen {host}:{port}
User www-data
Group www-data
PidFile apache.pid
ErrorLog apache-error.log
LogLevel warn auth_openidc:info
Mutex default:{folder}
{modules}
StartServers 1
ThreadsPerChild 8
MaxRequestWorkers 8
MinSpareThreads 1
MaxSpareThreads 8

OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration
OIDCClientID {client_id}
OIDCClientSecret {client_secret}
OIDCProviderTokenEndpointAuth client_secret_basic
OIDCRedirectURI {redirect_uri}
OIDCScope "{scope}"
OIDCPKCEMethod S256
OIDCCryptoPassphrase {passphrase}
OIDCRemoteUserClaim email
OIDCInfoHook access_token id_token userinfo refresh_token
OIDCRefreshAccessTokenBeforeExpiry 0

<Location />
    SetHandler server-status
    Require all granted
</Location>
<Location /private>
    AuthType openid-connect
    Require valid-user
    Header always set X-Signed-In "expr=%{{REMOTE_USER}}"
</Location>
"""


@contextmanager
def running_apache(port: int, application: Registered, folder: Path) -> Iterator[str]:
    """Runs Apache for an application until the block ends; answers with its address."""
    modules = "\n".join(f"LoadModule {name}_module {MODULES / f'mod_{name}.so'}" for name in LOADED)
    text = CONFIGURATION.format(
        folder=folder,
        host=HOST,
        port=port,
        modules=modules,
        passphrase=token_hex(16),
        **application.options(),
    )
    (folder / "apache.conf").write_text(text)
    with started("apache", ["apache2", "-f", folder / "apache.conf", "-D", "FOREGROUND"], folder) as process:
        until(lambda: process.poll() is not None or answers(port), bool)
        assert process.poll() is None, f"Apache did not start:\n{(folder / 'apache-error.log').read_text()}"
        yield f"http://{HOST}:{port}"
