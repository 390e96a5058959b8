#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# operate-many - forty VMs in scopes, set up, changed, checked and taken down by eight callers at once

load operate

setup() {
	place own systemd
}

teardown() {
	clear_away
}

# call ARGUMENT...: without the files that callers would share.
call() {
	"$VMCG" --root "$ROOT" --policy "$POLICY" "$@" || echo "$*: exit $?"
}

# one NUMBER PID: the life of one container.
one() {
	local id=$NAME-$1 scope=/system.slice/$NAME-$1.scope

	call createRuntime <"$T/input.$1"
	grep -q "$scope\$" "/proc/$2/cgroup" || echo "$id is not in its scope"
	call device add "$id" /dev/fuse | grep -qx "/dev/fuse c 10:229 allowed" || echo "$id: no device"
	call update "$id" --resources - >"$T/update.$1" < <(resources "${MORE[@]}")
	[ "$(<"$(controller_path pids "$scope")/pids.max")" = "${MORE[2]}" ] || echo "$id: other limits"
	call check "$id" | grep -q "^$id: as recorded (" || echo "$id: not as recorded"
	call destroy "$id"
}

@test "operate: 40 containers at once, eight at a time, own systemd" {
	local i k config workers=() said

	ROOTFS=$NODES/rootfs RUNTIME=runc make_bundle
	config=$(<"$BUNDLE/config.json")
	for i in {1..40}; do
		sleep 1000 3>&- &
		disown $!
		STARTED+=("$!")
		printf '{"ociVersion": "1.0.2", "id": "%s", "status": "creating", "pid": %d}\n%s\n' "$NAME-$i" "$!" \
			"${config/"$CG"/system.slice:$NAME:$i}" >"$T/input.$i"
	done
	HOME_GROUPS=$(</proc/self/cgroup)
	for i in {1..8}; do
		for ((k = i; k <= 40; k += 8)); do
			one "$k" "${STARTED[k - 1]}"
		done >"$T/worker.$i" 2>&1 3>&- &
		workers+=("$!")
	done
	wait "${workers[@]}"
	said=$(cat "$T"/worker.*)
	[ -z "$said" ] || fail "$said"
	nothing_left
	for i in "${STARTED[@]}"; do
		[ "$(<"/proc/$i/cgroup")" = "$HOME_GROUPS" ]
	done
}
