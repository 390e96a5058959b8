#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# matrix - the support matrix: every caller with every manager, proven on this guest's layout
#
# A field proves, in this order: the limits are the kernel's; the hypervisor's devices open and
# another does not; both outlive daemon-reload and the caller's own update; exec, pause, resume,
# kill and delete work; nothing is left. Where a caller makes one of these impossible the test
# proves what happens instead and the table has the reason. tests/rig/matrix prints the table.

load matrix

teardown() {
	clear_away
}

# The field of a caller that starts a real container.
field() {
	place "$1" "$2"
	make_rootfs
	case $CALLER in
	podman-*) make_hooks_dir ;;
	*) make_bundle ;;
	esac
	if ! start_container; then
		refused
		return
	fi
	life first
	if [ ! "$LOST" ]; then
		in_table "${NOTE:-yes}"
		return
	fi
	# What the caller takes away it leaves if it was told before.
	reason=$LOST LOST=
	with_devices
	start_container
	life second
	in_table "$reason${NOTE:+; $NOTE}"
}

# Everything that is asked of one container, from the first moment to the last. Of the second one, whose caller has
# been told, only what it is there for.
life() {
	show_agrees
	inside "$INIT"
	both_stand "$MEMORY"
	if [ "$MANAGER" = systemd ]; then
		systemctl daemon-reload
		still_stand "$MEMORY" reload
	fi
	container update "$LESS_MEMORY"
	update_reaches "$LESS_MEMORY"
	still_stand "$NOW" update

	[ "$1" = second ] || all_commands
	container delete
	nothing_left
}

# What a container's owner can do with it.
all_commands() {
	[ "$(container exec sh -c 'echo inside')" = inside ]
	container pause
	wait_until frozen_is 1
	container resume
	wait_until frozen_is 0
	still_stand "$NOW" pause
	container kill
	wait_until init_is_dead
}

# Runtimes that do not run on this layout at all: that is theirs, if nothing is left of it.
refused() {
	local reason

	reason=$(grep -o -i 'cgroups\? .*not supported.*' "$T/container.err")
	container delete >/dev/null 2>&1 || true
	nothing_left
	in_table "$RUNTIME refuses this layout: $reason"
}

# The field without a caller: a VM process that vmcg places by itself.
own_field() {
	local home

	place own "$1"
	start_vm
	home=$(cat "/proc/$VM/cgroup")
	ROOTFS=$NODES/rootfs RUNTIME=runc make_bundle
	hook createRuntime "$VM"
	expect 0
	show_agrees
	inside "$VM"
	both_stand "$MEMORY"
	if [ "$MANAGER" = systemd ]; then
		systemctl daemon-reload
		both_stand "$MEMORY"
		# No runtime, no update; but the administrator has one.
		systemctl set-property --runtime "$UNIT" "$(memory_property)=$LESS_MEMORY"
		devices_stand
		file_is memory "$(memory_file)" "$LESS_MEMORY"
		file_is pids pids.max 64
	fi
	poststop
	expect 0
	kill -0 "$VM"
	[ "$(cat "/proc/$VM/cgroup")" = "$home" ]
	nothing_left
	in_table yes
}

@test "matrix: runc cgroupfs" {
	field runc cgroupfs
}

@test "matrix: runc systemd" {
	field runc systemd
}

@test "matrix: crun cgroupfs" {
	field crun cgroupfs
}

@test "matrix: crun systemd" {
	field crun systemd
}

@test "matrix: podman-crun cgroupfs" {
	field podman-crun cgroupfs
}

@test "matrix: podman-crun systemd" {
	field podman-crun systemd
}

@test "matrix: podman-runc cgroupfs" {
	field podman-runc cgroupfs
}

@test "matrix: podman-runc systemd" {
	field podman-runc systemd
}

@test "matrix: own cgroupfs" {
	own_field cgroupfs
}

@test "matrix: own systemd" {
	own_field systemd
}
