"""The `artvec` command: its sub-commands, and the one place where errors end."""

from __future__ import annotations

import os
import re
import shlex
import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.exceptions import Abort, Exit, TyperException

from artvec.core.errors import ArtvecError, mistyped
from artvec.core.version import __version__
from artvec_cli import render
from artvec_cli.failures import explain

COMMANDS = {
    "embed": "embed",
    "search": "search",
    "index": "index",
    "train": "train",
    "compare": "compare",
    "eval": "evaluate",
    "cluster": "cluster",
    "status": "status",
    "verify": "verify",
    "duplicates": "duplicates",
    "models": "models",
    "export": "export",
    "data": "data",
    "demo": "demo",
    "doctor": "doctor",
}
"""Commands by name, in the order of the help page, with their modules in `commands`."""

_SIGINT_CODE = 130


def _show_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"artvec {__version__}\n")
        raise typer.Exit


def _main_options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Hold the options that come before a command."""


def app_for(arguments: Sequence[str]) -> typer.Typer:
    """Return the application with the command that is asked for, or else with all of them.

    One command is imported and built in a tenth of a second less than fifteen.
    """
    app = typer.Typer(
        name="artvec",
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        suggest_commands=False,
        help="Find similar works in a folder of pictures, offline and exactly.\n\n"
        "Begin with: artvec demo; then: artvec embed ./paintings; artvec search query.jpg -k 5",
    )
    app.callback()(_main_options)
    asked = arguments[0] if arguments else ""
    for name in (asked,) if asked in COMMANDS else COMMANDS:
        module = import_module(f"artvec_cli.commands.{COMMANDS[name]}")
        if name == "data":
            app.add_typer(module.app, name=name)
        else:
            command = getattr(module, f"{COMMANDS[name]}_command")
            app.command(name=name, epilog=module.EPILOG)(command)
    return app


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code: 0 done, 1 failed, 2 wrong usage.

    Every failure becomes one `error:` and one `hint:` line.
    """
    warnings.simplefilter("ignore")  # libraries' warnings are not about the user's pictures
    try:
        if "" in arguments:
            raise ArtvecError(
                "one of the arguments is empty", "is a variable of your shell unset?", usage=True
            )
        returned = typer.main.get_command(app_for(arguments)).main(
            arguments, "artvec", standalone_mode=False
        )
        return _exit_code(returned, arguments)
    except ArtvecError as failure:
        render.error(_spelt_out(failure, arguments))
        return 2 if failure.usage else 1
    except Exit as leaving:
        return leaving.exit_code
    except TyperException as failure:
        if type(failure).__name__ == "NoArgsIsHelpError":
            sys.stderr.write(f"{failure}\n")
            return 2
        render.error(_spelt_out(_usage(failure, arguments), arguments))
        return 2
    except (Abort, KeyboardInterrupt):
        return _interrupted(arguments)
    except Exception as unexpected:  # the last line of defence
        if os.environ.get("ARTVEC_DEBUG"):
            raise
        render.error(explain(unexpected))
        return 1


def _exit_code(returned: object, arguments: list[str]) -> int:
    if returned == _SIGINT_CODE:  # Typer turns Ctrl-C into this
        return _interrupted(arguments)
    return returned if isinstance(returned, int) else 0


def _interrupted(arguments: list[str]) -> int:
    goes_on = {
        "embed": "; whole shards are kept, and the next run goes on from there",
        "train": "; finished epochs are kept: artvec train --resume goes on from there",
        "data get": "; what came is kept, and the same command goes on from there",
    }
    words = " ".join(arguments[: 2 if arguments[0] == "data" else 1])
    sys.stderr.write(f"stopped{goes_on.get(words, '')}\n")
    return _SIGINT_CODE


def _usage(failure: TyperException, arguments: list[str]) -> ArtvecError:
    describe = getattr(failure, "format_message", lambda: str(failure))
    message = " ".join(describe().split()).rstrip(".") or "no command was given"
    message = message.replace(": Value error, ", ": ")  # pydantic's, of a choice
    context: Any = getattr(failure, "ctx", None)
    path = context.command_path if context else _command_path(arguments)
    see = f"see: {path} --help"
    if type(failure).__name__ == "NoSuchOption":
        word = str(getattr(failure, "option_name", ""))
        known = [name for option in context.command.params for name in option.opts]
        return mistyped(f"{path} has no option {word}", word, known, otherwise=see)
    word = next((word for word in arguments if message == f"No such command {word!r}"), "")
    if word:
        known = list(context.command.commands)
        return mistyped(f"{path} has no command {word!r}", word, known, otherwise=see)
    return ArtvecError(message, see, usage=True)


def _command_path(arguments: list[str]) -> str:
    """Return the command that was typed: a missing value of an option comes without one."""
    path: list[str] = ["artvec"]
    group: Any = typer.main.get_command(app_for(arguments))
    for word in arguments:
        if word not in getattr(group, "commands", {}):
            break
        path.append(word)
        group = group.commands[word]
    return " ".join(path)


def _spelt_out(failure: ArtvecError, arguments: list[str]) -> ArtvecError:
    """Make the hint the whole command, with the word that was meant."""
    if failure.meant is None:
        return failure
    words = [_respelt(word, *failure.meant) for word in arguments]
    if words == arguments:
        return failure
    hint = f"did you mean: {shlex.join(['artvec', *words])}"
    return ArtvecError(failure.message, hint, usage=failure.usage)


def _respelt(argument: str, wrong: str, right: str) -> str:
    """Replace a word where it is an argument, an option's value or one of a list's."""
    option, equals, value = argument.partition("=")
    if equals and argument.startswith("-"):
        return f"{_respelt(option, wrong, right)}={_respelt(value, wrong, right)}"
    if argument == f"{argument[:2]}{wrong}" and re.match("-[^-]", argument):
        return argument[:2] + right  # -iNAME
    return ",".join(right if part == wrong else part for part in argument.split(","))
