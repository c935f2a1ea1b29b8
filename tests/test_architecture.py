"""What holds the house up: who imports whom, no query past the visibility rule, rooms of a readable size."""

from __future__ import annotations

import ast
import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db.models.signals import post_delete, post_save, pre_delete, pre_save

ROOT = Path(__file__).resolve().parents[1]
APPS = ("intranet", "profiles", "knowledge", "feeds")
SOURCES = sorted(
    path
    for app in APPS
    for path in (ROOT / app).rglob("*.py")
    if "migrations" not in path.parts and "node_modules" not in path.parts
)
# Where people's questions are answered: every query here goes through the visibility rule
OUTLETS = [
    path
    for path in SOURCES
    if "views" in path.parts
    or path.name in {"views.py", "panels.py", "consumers.py", "context_processors.py", "beside.py"}
    or path == ROOT / "intranet" / "search.py"
]
MAX_LINES = 420
MAX_FUNCTION = 45
# Queries that say who may see by themselves: the reader's own rows, and rows of nobody
GUARDS = {"visible_to", "readable_by", "joined_by", "held_by", "everyone", "none"}


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Its lines, without those that only say what it is for."""
    docstring = function.body[0] if ast.get_docstring(function, clean=False) else None
    described = docstring.end_lineno - docstring.lineno + 1 if docstring else 0
    return function.end_lineno - function.lineno + 1 - described


def chains(module: ast.Module) -> Iterator[tuple[ast.Attribute, set[str]]]:
    """Each use of a model's manager, with every name in the expression that hangs on it."""
    parents = {child: parent for parent in ast.walk(module) for child in ast.iter_child_nodes(parent)}
    for node in ast.walk(module):
        if isinstance(node, ast.Attribute) and node.attr == "objects" and isinstance(node.value, ast.Name):
            names, at = set(), node
            while isinstance(parents.get(at), ast.Attribute | ast.Call):
                at = parents[at]
                if isinstance(at, ast.Attribute):
                    names.add(at.attr)
            yield node, names


@pytest.mark.parametrize("path", OUTLETS, ids=name)
def test_no_outlet_queries_past_the_visibility_rule(path):
    unguarded = [
        f"{name(path)}:{node.lineno} {node.value.id}.objects"  # type: ignore[attr-defined]
        for node, names in chains(tree(path))
        if not names & GUARDS
    ]
    assert not unguarded, "read through visible_to(user)"


def test_the_guard_sees_an_unguarded_query():
    module = ast.parse("Post.objects.filter(pk=1)\nPost.objects.for_feed().visible_to(user).get(pk=1)")
    assert [bool(names & GUARDS) for _, names in chains(module)] == [False, True]


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_files_and_functions_stay_readable(path):
    lines = path.read_text(encoding="utf-8").count("\n")
    long = [
        f"{node.name} ({length(node)} lines)"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and length(node) > MAX_FUNCTION
    ]
    assert lines <= MAX_LINES
    assert not long


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_every_module_says_what_lives_in_it(path):
    module = tree(path)
    assert not module.body or ast.get_docstring(module)


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_no_function_imports_our_code_to_dodge_a_circle(path):
    inside = [
        f"{name(path)}:{node.lineno}"
        for function in ast.walk(tree(path))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) and function.name != "ready"
        for node in ast.walk(function)
        if (isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in APPS)
        or (isinstance(node, ast.Import) and any(alias.name.split(".")[0] in APPS for alias in node.names))
    ]
    assert not inside


@pytest.mark.parametrize("path", [path for path in SOURCES if {"actions", "models"} & set(path.parts)], ids=name)
def test_actions_and_models_know_nothing_of_views(path):
    above = {"views", "consumers", "receivers", "forms", "panels"}
    imported = [
        node.module
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in APPS
        if above & set(node.module.split("."))
    ]
    assert not imported


@pytest.mark.parametrize("path", sorted((ROOT).glob("*/actions/*.py")), ids=name)
def test_public_actions_take_keywords_only(path):
    positional = [
        function.name
        for function in tree(path).body
        if isinstance(function, ast.FunctionDef) and not function.name.startswith("_")
        if any(isinstance(d, ast.Attribute) and d.attr == "atomic" for d in function.decorator_list)
        if function.args.args and function.args.vararg is None
    ]
    assert not positional


def test_imports_run_in_one_straight_line():
    run = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"], cwd=ROOT, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stdout


def test_no_model_signal_of_ours_writes_behind_an_action():
    ours = [
        receiver
        for signal in (pre_save, post_save, pre_delete, post_delete)
        for entry in signal.receivers
        if (receiver := entry[1]() if callable(entry[1]) else entry[1])
        if getattr(receiver, "__module__", "").split(".")[0] in APPS
    ]
    assert not ours


def test_only_the_audit_log_overrides_save():
    overriding = {
        model.__name__ for app in APPS for model in apps.get_app_config(app).get_models() if "save" in model.__dict__
    }
    assert overriding <= {"AuditEvent"}


@pytest.mark.django_db
def test_no_migration_is_missing():
    out = io.StringIO()
    call_command("makemigrations", check=True, dry_run=True, stdout=out)
    assert "No changes" in out.getvalue()


def test_no_file_names_a_package_registry():
    hosts = ["registry." + "npmjs", "files." + "pythonhosted", "pypi." + "org/simple", "registry." + "yarnpkg"]
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    naming = [
        path
        for path in filter(None, tracked.split("\0"))
        if (ROOT / path).is_file() and any(host in (ROOT / path).read_text(errors="ignore") for host in hosts)
    ]
    assert not naming
