"""The embedded parts that let `manage.py demo` run the whole product in one go."""
