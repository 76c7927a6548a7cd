def schema_text(name: str) -> str:
    return "{}\n"
