"""What `import artvec` offers: the commands as functions, a collection as an object, results."""
