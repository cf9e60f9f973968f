"""From a name to a backbone, from a backbone to an encoder, from samples to vectors."""
