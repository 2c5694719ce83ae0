"""The `alpage` command. Each command's module is imported when it is called, so that help is quick."""

import sys

from cyclopts import App

app = App(name="alpage", help="An independent hosting platform whose product is its API.")
app.command("alpage.cli.serve:serve", help="Start the platform: the API and the name server.")
app.command("alpage.cli.serve:work", help="Run tasks, deliver mails and do what is due.")
app.command("alpage.cli.serve:migrate", help="Bring the tables of a data folder up to date.")
app.command("alpage.cli.user:app", name="user", help="Create, list, block and help users.")
app.command("alpage.cli.account:app", name="account", help="Create and list accounts.")
app.command("alpage.cli.token:app", name="token", help="Create, list and revoke personal tokens.")
app.command("alpage.cli.application:app", name="application", help="Create, list and revoke applications.")
app.command("alpage.cli.domain:app", name="domain", help="Create, list and delete domains.")
app.command("alpage.cli.zone:app", name="zone", help="Export and import zone files.")
app.command("alpage.cli.call:call", help="Call the API with a token.")
app.command("alpage.cli.event:app", name="event", help="Announce, list and close what goes on with the platform.")


def main() -> None:
    """Runs the command line."""
    try:
        app()
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] == "alpage":
            raise
        print(
            f"alpage: this command needs {error.name}; install the server: pip install 'alpage[server]'",
            file=sys.stderr,
        )
        raise SystemExit(2) from None
