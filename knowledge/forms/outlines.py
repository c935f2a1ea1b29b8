"""What each kind of article usually says: an outline that a writer may start from."""

from knowledge.models import ArticleKind

OUTLINES = {
    ArticleKind.HOW_TO: """\
Say in two sentences what the reader will have done at the end, and who should do it.

## Before you start

- What you need to have, know or ask for first
- How long it takes

## Steps

1. Start each step with a verb.
2. Say what the reader sees when the step worked.
3. Put the warning before the step it is about.

## If it goes wrong

What usually fails, and who to ask.
""",
    ArticleKind.GUIDANCE: """\
Say who this is for, and the one thing they should remember.

## When it applies

The situations in which somebody needs this, and those in which they do not.

## What to do

The good way to do it, in the order in which it is done, with an example.

## Common mistakes

What people get wrong, and what to do instead.

## Who can help

The team or the person to ask.
""",
    ArticleKind.POLICY: """\
Say in plain words what the rule is and why there is one.

## Who must follow it

Which people and which work it covers, and from which day.

## The rule

What you must do, what you must not do, and what is up to you.

## Exceptions

Who can agree one, and how to ask.

## Where it comes from

The law, standard or decision behind it.
""",
    ArticleKind.TEMPLATE: """\
Say what this template is for and when to use another one.

## How to use it

Copy the text below and replace what stands in square brackets.

## Template

**Title:** [what it is about]

**Purpose:** [what you ask the reader to decide or to do]

**Background:** [what they must know, in three sentences]

**Next steps:** [who does what, by when]
""",
    ArticleKind.LESSONS: """\
Say what the work was, when it happened and how it ended.

## What we set out to do

The aim, and how we meant to know that we had reached it.

## What went well

What you would do again, and why it worked.

## What we would do differently

What surprised you, what it cost, and what you would do instead.

## What others can use

The two or three things that hold beyond this work.
""",
}
