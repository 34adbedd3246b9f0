"""How a live exception becomes an occurrence: places, frames, facts, bindings, and where coroutines were made."""
