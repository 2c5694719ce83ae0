"""The `alpage` command. Each command's module is imported when it is called, so that help is quick."""

from cyclopts import App

main = App(name="alpage", help="An independent hosting platform whose product is its API.")
main.command("alpage.cli.serve:serve")
main.command("alpage.cli.serve:migrate")
main.command("alpage.cli.token:app", name="token")
