#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# adopted - update, device and add on a group that a real runtime made: its own lists and limits
# are changed in place, it goes on working, and destroy gives it back as it was before setup

load lib
load operate

setup() {
	command -v runc >/dev/null || cannot "no runc on this host"
	prepare
	find_spare
	make_bundle
	start_container
	container_settings >"$T/alone"
	hook createRuntime "$INIT"
	expect 0
	[ "$(record .mode)" = adopt ]
}

teardown() {
	[ ! -d "${STATE:-/nonexistent}" ] || runc --root "$STATE" delete --force "$ID" >/dev/null 2>&1 || true
	[ ! -f "${ROOT:-}/$ID.json" ] || vmcg destroy "$ID"
	finish
}

make_bundle() {
	local busybox applet rule=${SPARE_RULE#c }

	busybox=$(command -v busybox) || fail "busybox is missing: tests/deps root"
	STATE=$T/state
	mkdir -p "$BUNDLE/rootfs/bin" "$BUNDLE/rootfs/dev" "$BUNDLE/rootfs/proc" "$BUNDLE/rootfs/sys" "$STATE"
	cp "$busybox" "$BUNDLE/rootfs/bin/busybox"
	for applet in sh sleep cat; do
		ln -s busybox "$BUNDLE/rootfs/bin/$applet"
	done
	(cd "$BUNDLE" && runc spec)
	jq --arg cg "$CG" --argjson major "${rule%:*}" --argjson minor "${rule#*:}" '
		.process.terminal = false | .process.args = ["sleep", "1000"] | .linux.cgroupsPath = $cg
		| .linux.resources.pids = {limit: 64} | .linux.resources.memory = {limit: 268435456}
		| .linux.resources.cpu = {quota: 80000, period: 100000}
		| .linux.devices = [{path: "/dev/spare", type: "c", major: $major, minor: $minor, fileMode: 438, uid: 0, gid: 0},
			{path: "/dev/kvm", type: "c", major: 10, minor: 232, fileMode: 438, uid: 0, gid: 0}]' \
		"$BUNDLE/config.json" >"$T/config.new"
	mv "$T/config.new" "$BUNDLE/config.json"
}

start_container() {
	(cd "$BUNDLE" && runc --root "$STATE" run -d "$ID" </dev/null >"$T/container.out" 2>"$T/container.err" 3>&-) ||
		fail "runc run:" "$(cat "$T/container.err")" || return
	INIT=$(runc --root "$STATE" state "$ID" | jq .pid)
}

container_settings() {
	local mount

	for mount in $(hierarchies); do
		[ ! -d "$mount$CG" ] || settings "$mount$CG" | sed "s|^|$mount |"
	done
}

# inside PATH: can a process of the container open it?
inside() {
	[ "$(runc --root "$STATE" exec "$ID" sh -c "if true <>$1; then echo opened; fi" 2>/dev/null 3>&-)" = opened ]
}

# kept_out PATH: the kernel says so, to a container that works.
kept_out() {
	[[ $(runc --root "$STATE" exec "$ID" sh -c "true <>$1" 2>&1 3>&-) = *"Operation not permitted"* ]]
}

# As the runtime alone made it: the order of a device list is the kernel's.
as_alone() {
	diff <(sort "$T/alone") <(container_settings | sort)
}

@test "a device is granted and revoked in the runtime's own list" {
	kept_out /dev/spare
	vmcg device add "$ID" "$SPARE"
	expect 0
	inside /dev/spare
	vmcg check "$ID"
	expect 0
	vmcg device remove "$ID" "$SPARE"
	expect 0
	kept_out /dev/spare
	inside /dev/null
	vmcg check "$ID"
	expect 0
	vmcg destroy "$ID"
	expect 0
	as_alone
}

@test "devices of the hypervisor list and of the base list, revoked and given back at destroy" {
	need_kvm
	inside /dev/kvm
	vmcg device remove "$ID" /dev/kvm /dev/full
	expect 0
	kept_out /dev/kvm
	kept_out /dev/full
	vmcg update "$ID"
	expect 0
	kept_out /dev/kvm
	kept_out /dev/full
	vmcg device add "$ID" "$SPARE"
	expect 0
	vmcg destroy "$ID"
	expect 0
	inside /dev/full
	kept_out /dev/spare
	as_alone
}

@test "limits are changed in place; destroy goes back to before setup, not before the last update" {
	change '{pids: {limit: 30}, cpu: {quota: 40000}}'
	expect 0
	change '{pids: {limit: 20}, memory: {limit: 134217728}}'
	expect 0
	reads pids 20 quota 40000 period 100000 limit 134217728
	vmcg check "$ID"
	expect 0
	[ "$(runc --root "$STATE" exec "$ID" sh -c 'echo inside' 3>&-)" = inside ]
	# The runtime sets its own again, as runc update and others do: drift, which update puts right.
	runc --root "$STATE" update --pids-limit 64 "$ID" 3>&-
	[ "$(cgfile pids pids.max)" = 64 ]
	vmcg check "$ID"
	expect 7
	vmcg update "$ID"
	expect 0
	reads pids 20
	vmcg destroy "$ID"
	expect 0
	as_alone
}

@test "a change that fails at any step leaves the runtime's group as it was" {
	need_test_build
	vmcg device add "$ID" "$SPARE"
	expect 0
	before=$(container_settings; cat "$ROOT/$ID.json")
	for what in update device; do
		for ((k = 1; ; k++)); do
			[ "$k" -lt 30 ] || fail "no end of steps"
			if [ $what = update ]; then
				VMCG=$VMCG_TEST VMCG_FAULT=$k:28 change '{pids: {limit: 20}, cpu: {quota: 40000}}'
			else
				VMCG=$VMCG_TEST VMCG_FAULT=$k:28 vmcg device remove "$ID" /dev/null "$SPARE"
			fi
			[ "$status" != 0 ] || break
			expect 5 "everything was undone"
			diff <(echo "$before" | sort) <({ container_settings; cat "$ROOT/$ID.json"; } | sort) || fail "$what: step $k"
		done
		[ "$k" -gt 1 ]
		before=$(container_settings; cat "$ROOT/$ID.json")
	done
	vmcg destroy "$ID"
	expect 0
	as_alone
}

@test "a helper joins init's own group, and goes back" {
	sleep 1000 3>&- &
	helper=$!
	disown
	STARTED+=("$helper")
	home=$(cat "/proc/$helper/cgroup")
	vmcg add "$ID" "$helper"
	expect 0
	diff <(sort "/proc/$helper/cgroup" | grep "$NAME") <(sort "/proc/$INIT/cgroup" | grep "$NAME")
	vmcg check "$ID"
	expect 0
	vmcg destroy "$ID"
	expect 0
	[ "$(cat "/proc/$helper/cgroup")" = "$home" ]
	inside /dev/null
}

@test "the container has ended: update and devices say so; poststop drops the record" {
	runc --root "$STATE" kill "$ID" KILL 3>&-
	gone() { [ "$(runc --root "$STATE" state "$ID" | jq -r .status)" = stopped ]; }
	wait_until gone
	before=$(cat "$ROOT/$ID.json")
	for words in "update $ID" "device add $ID $SPARE" "device remove $ID /dev/null"; do
		# shellcheck disable=SC2086 # words
		vmcg $words
		expect 4 "$INIT" gone "vmcg destroy $ID"
		[ "$(cat "$ROOT/$ID.json")" = "$before" ]
	done
	runc --root "$STATE" delete "$ID" 3>&-
	poststop
	expect 0
}
