#!/bin/sh
# Runs a command with a function's folders at /var/task and /opt.
# Usage, inside a mount namespace of its own: enter.sh TASK OPT COMMAND...
set -e
task=$1 opt=$2
shift 2
if [ ! -d /var/task ]; then
    # A temporary /var that holds the host's entries, so that nothing is made on the host.
    # It is built below /mnt, which exists on every Linux and is covered only here.
    mount -n -t tmpfs samlive /mnt
    for entry in /var/* /var/.[!.]*; do
        name=/mnt/${entry#/var/}
        if [ -L "$entry" ]; then
            cp -P "$entry" "$name"
        elif [ -d "$entry" ]; then
            mkdir "$name"
            mount -n --rbind "$entry" "$name"
        fi
    done
    mkdir /mnt/task
    mount -n --bind "$task" /mnt/task
    mount -n --move /mnt /var
else
    mount -n --bind "$task" /var/task
fi
mount -n --bind "$opt" /opt
cd /var/task
exec "$@"
