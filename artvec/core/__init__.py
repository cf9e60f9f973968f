"""The nouns that travel, errors, files, the machine; nothing here knows images or collections."""
