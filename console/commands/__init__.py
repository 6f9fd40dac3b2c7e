"""The commands of `guichet`, a module per kind of work; `console.cli` gathers them."""
