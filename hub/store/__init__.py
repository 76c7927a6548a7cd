"""The services' database: what came in, what was asked, who may, what was told to whom. No truth about previews."""
