"""What tests share: made pictures, files and servers, a browser, references by hand."""
