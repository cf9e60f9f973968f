"""What pages and figures share: thumbnails, templates, drawing, colours."""
