#!/bin/sh
# Makes the secrets that docker-compose.yml mounts as files, each once: secrets.sh [folder, else deploy/secrets].
set -eu
cd "$(dirname "$0")/../.."
folder=${1:-deploy/secrets}

# Only its owner may enter the folder; inside, containers read the files as users of their own.
umask 077
mkdir -p "$folder"
chmod 700 "$folder"

random() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }
keep() { # name text
    if [ -e "$folder/$1" ]; then return; fi
    printf '%s\n' "$2" > "$folder/.$1.new"
    chmod 444 "$folder/.$1.new"
    mv "$folder/.$1.new" "$folder/$1"
    echo "made $folder/$1"
}

for name in postgres_password monitor_database_password grafana_admin_password redress_pepper; do
    keep "$name" "$(random)"
done
for service in intake capa notifier; do
    keep "${service}_database_password" "$(random)"
    password=$(cat "$folder/${service}_database_password")
    keep "redress_${service}_database_url" "postgresql://redress_$service:$password@postgres:5432/redress_$service"
done
# Others give these; empty counts as none.
for name in redress_notifier_smtp_password alertmanager_heartbeat_token alertmanager_pagerduty_routing_key; do
    keep "$name" ""
done
