"""Imports what is not there."""

import not_installed_anywhere


def handler(event, context):
    return not_installed_anywhere.answer(event)
