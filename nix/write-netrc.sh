#!/bin/sh
# write-netrc.sh NETRC GROUP HOST...: writes a netrc with the tokens in $CREDENTIALS_DIRECTORY/HOST. With an empty GROUP only the
# owner can read it. Only the shell itself sees a token, so it is in no list of processes.
set -eu
export LC_ALL=C
umask 077
netrc=$1 group=$2
shift 2
new=$netrc.new
trap 'rm -f "$new"' EXIT
: >"$new"
for host; do
  token=$(cat "$CREDENTIALS_DIRECTORY/$host")
  case $token in
    '') reason='is empty' ;;
    *[!A-Za-z0-9._~+/=-]*) reason='has a character that no token has: it must be one line of letters, digits and . _ ~ + / = -' ;;
    *) reason= ;;
  esac
  [ "${#token}" -le 4095 ] || reason='has over 4095 characters, which curl does not send'
  if [ -n "$reason" ]; then
    echo "The token file of $host $reason. $netrc was not changed." >&2
    exit 1
  fi
  printf 'machine %s login token password %s\n' "$host" "$token" >>"$new"
done
if [ -n "$group" ]; then
  chgrp "$group" "$new"
  chmod 0640 "$new"
fi
mv "$new" "$netrc"
