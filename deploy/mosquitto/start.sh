#!/bin/sh
# Starts Mosquitto with a password file made from the environment.
#
# The passwords are never part of an image or of this repository: they are hashed at each start
# into a folder that only the broker can read (a tmpfs in docker-compose.yml). The access list is
# copied there as well, because Mosquitto warns about, and will one day refuse, an access list that
# others can read, which a file mounted from the host usually is.
set -eu
umask 077

: "${MQTT_PASSWORD:?is the password of the user pelbiot, whom PELBIOT itself logs in as}"
: "${METER_PASSWORD:?is the password of the user meter, whom the meters log in as}"
here=$(dirname "$0")
secrets=${MOSQUITTO_SECRETS:-/mosquitto/secrets}
data=${MOSQUITTO_DATA:-/mosquitto/data}

mkdir -p "$secrets" "$data"
cp "$here/acl" "$secrets/acl"
chmod 600 "$secrets/acl"
mosquitto_passwd -c -b "$secrets/passwords" pelbiot "$MQTT_PASSWORD"
mosquitto_passwd -b "$secrets/passwords" meter "$METER_PASSWORD"
# Mosquitto drops from root to its own user before it opens these files.
if [ "$(id -u)" = 0 ]; then
    chown -R mosquitto:mosquitto "$secrets" "$data"
fi
unset MQTT_PASSWORD METER_PASSWORD
exec mosquitto -c "${MOSQUITTO_CONF:-$here/mosquitto.conf}"
