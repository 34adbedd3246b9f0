"""Built-in detectors: each names the mistakes of one category; registered through the hooks that anyone's use."""
