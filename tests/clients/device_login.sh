#!/bin/sh
# Signs in on a machine without a browser (RFC 8628), with nothing but curl and sed.
# Usage: device_login.sh ISSUER CLIENT_ID SCOPE. Says where to go on standard error, and prints the access token.
set -eu
issuer=$1 client_id=$2 scope=$3

member() { # NAME: a string of the JSON object on standard input
    sed -n "s/.*\"$1\" *: *\"\([^\"]*\)\".*/\1/p"
}
number() { # NAME: a number of it
    sed -n "s/.*\"$1\" *: *\([0-9]*\).*/\1/p"
}

metadata=$(curl -sS --fail "$issuer/.well-known/openid-configuration")
device=$(curl -sS --fail --data-urlencode "client_id=$client_id" --data-urlencode "scope=$scope" \
    "$(echo "$metadata" | member device_authorization_endpoint)")
echo "Open $(echo "$device" | member verification_uri) and type $(echo "$device" | member user_code)" >&2

interval=$(echo "$device" | number interval)
while sleep "${interval:-5}"; do
    answer=$(curl -sS --data-urlencode "client_id=$client_id" \
        --data-urlencode "grant_type=urn:ietf:params:oauth:grant-type:device_code" \
        --data-urlencode "device_code=$(echo "$device" | member device_code)" \
        "$(echo "$metadata" | member token_endpoint)")
    case $(echo "$answer" | member error) in
    "") echo "$answer" | member access_token; exit ;;
    authorization_pending) ;;
    slow_down) interval=$((${interval:-5} + 5)) ;;
    *) echo "$answer" >&2; exit 1 ;;
    esac
done
