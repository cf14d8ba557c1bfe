"""The check-list of `manage.py mqtt_verify`: a running installation, looked at from outside."""
