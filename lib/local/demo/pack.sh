#!/bin/sh
# Makes the demo's archive from the folder beside this file, with GNU tar and xz.
set -eu
cd "$(dirname "$0")"
tar --create --format=ustar --sort=name --mtime=@1747267200 --owner=0 --group=0 --numeric-owner --mode=go-w,a+rX \
  --transform='s,^flake,source,' flake | xz -9e >demo-2025-05-15.tar.xz
