#!/bin/sh
# The first process of the virtual machine: Bluetooth as a distribution has it, then the steps, then off.
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t tmpfs tmpfs /run
mkdir -p /run/dbus /var/lib/bluetooth
while read -r module; do insmod "/modules/$module.ko" || echo "no module $module"; done </modules/order
ip link set lo up
dbus-daemon --system --nofork --nopidfile &
sleep 2
bluetoothd --nodetach &
sleep 2
. /steps
echo "the machine is done: $?"
poweroff -f
