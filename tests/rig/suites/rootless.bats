#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# rootless - users without privilege: one whose own systemd makes scopes and whose podman calls the
# hook, one to whom a group is delegated, and one who has nothing

load rootless-user

setup_file() {
	make_users
}

teardown_file() {
	end_users
}

setup() {
	prepare
	CALL=() XDG='' PODMAN_RAN='' WHO='' SHOWN=''
}

teardown() {
	CALL=()
	remove_podman || true
	if [ "${WHO:-}" = vmcg-user ]; then
		as_user systemctl --user stop "$NAME-home.scope" 2>/dev/null || true
		systemctl stop "$NAME-home.scope" 2>/dev/null || true
	fi
	rm -rf "${PLACE:-/nonexistent}" "/run/$NAME"
	finish
}

# --- podman calls the hook ---

# container_is_limited RUNTIME MANAGER [OPTION...]: it has the limits it was given, and who started it sees them.
container_is_limited() {
	need_delegation
	be vmcg-user
	podman_with "$1" "$2"
	start_podman "${limits[@]}" "${@:3}"
	CALL=()
	record_is_his
	limits_stand "$TARGET"
	show_agrees "${SHOWN:-$2}"
	[ "$(user_podman exec "$NAME" sh -c 'echo inside')" = inside ]
}

@test "rootless podman: crun, a scope of the user's systemd" {
	container_is_limited crun systemd
	[[ $TARGET = "$TREE/user.slice/libpod-$ID.scope" ]]
	remove_podman
	nothing_left
}

@test "rootless podman: runc, a scope of the user's systemd; its record is taken away from outside" {
	container_is_limited runc systemd
	[[ $TARGET = "$TREE/user.slice/libpod-$ID.scope" ]]
	user_vmcg destroy "$ID"
	expect 0
	[ ! -e "$RUNTIME/vmcg/$ID.json" ]
	kill -0 "$VM"
	limits_stand "$TARGET"
	remove_podman
	nothing_left
}

@test "rootless podman: crun, a group in the delegated tree" {
	container_is_limited crun cgroupfs
	remove_podman
	nothing_left
}

@test "rootless podman: crun, within the service that started it" {
	# As quadlets do: the service has podman and the container's group side by side.
	CALL=(systemd-run --user --scope --quiet --collect --property Delegate=yes) SHOWN=cgroupfs
	container_is_limited crun systemd --cgroups split
	[[ $TARGET = "$TREE"/app.slice/*.scope/libpod-payload-$ID ]] || fail "$TARGET"
	remove_podman
	nothing_left
}

@test "rootless podman: poststop, root of a user namespace without any environment, finds the record" {
	need_delegation
	be vmcg-user
	podman_with crun systemd
	cat >"$PLACE/poststop" <<-END
		#!/bin/sh
		{ cat /proc/self/environ | tr '\\0' '\\n'; cat /proc/self/uid_map; } >$PLACE/met
		exec $VMCG --log $LOG poststop
	END
	chmod 755 "$PLACE/poststop"
	jq --arg path "$PLACE/poststop" '.hook.path = $path' "$TOP/docs/examples/hooks.d/vmcg-poststop.json" \
		>"$PLACE/hooks.d/poststop.json"
	# Nobody is there when it ends but what podman has left to clean up.
	run_podman -d "${limits[@]}" -- sleep 2 >"$T/container.out"
	ID=$(tail -n 1 "$T/container.out")
	[ -e "$RUNTIME/vmcg/$ID.json" ]
	wait_until [ -s "$PLACE/met" ] || wait_until [ -s "$PLACE/met" ]
	! grep -q -E '^(XDG|HOME|DBUS)' "$PLACE/met" || fail "$(<"$PLACE/met")"
	grep -qE "^ +0 +$U +1$" "$PLACE/met" || fail "$(<"$PLACE/met")"
	nothing_left
	grep -q "poststop $ID: .*taken down" "$LOG"
}

@test "rootless podman: /dev/kvm opens for whoever may open it outside, and nobody filters" {
	local open_kvm='[ -c /dev/kvm ] && true <>/dev/kvm && echo open'

	need_delegation
	need_kvm
	be vmcg-user
	podman_with crun systemd
	rm "$PLACE/hooks.d/poststart.json" # a container as short as these may be over by then
	[ "$(run_podman --rm --device /dev/kvm --group-add keep-groups -- sh -c "$open_kvm")" = open ]
	grep -q "warning: rootless: the device filter is left to the caller's manager" "$LOG"
	example precreate "$TOP/docs/examples/hooks.d/podman/vmcg-precreate.json"
	[ "$(run_podman --rm --group-add keep-groups -- sh -c "$open_kvm")" = open ]
	# The group is what counts, and a container has only its own.
	status=0
	run_podman --rm -- sh -c "$open_kvm" >"$T/out" 2>&1 || status=$?
	[ "$status" -ne 0 ]
	[[ $(<"$T/out") = *"Permission denied"* ]] || fail "$(<"$T/out")"
	PODMAN_RAN=
	! bpftool -j prog show | jq -e 'any(.[]; .name == "vmcg_dev")'
}

@test "rootless podman: with nothing delegated the container runs, and the hook says that no limit applies" {
	be vmcg-bare
	podman_with runc cgroupfs
	start_podman
	grep -q "createRuntime $ID: warning: rootless: no cgroup is delegated to this user, so no limit applies" "$LOG" ||
		fail "$(<"$LOG")"
	# Where podman makes up for the runtime directory of a login; its name depends on the version.
	compgen -G "/tmp/*-run-$U/vmcg/$ID.json" >/dev/null
	[ "$(<"/proc/$VM/cgroup")" = "$(<"/proc/$$/cgroup")" ]
	remove_podman
	nothing_left
}

@test "rootless podman: with nothing delegated and a policy that requires it the container does not start" {
	be vmcg-bare
	podman_with runc cgroupfs
	echo '{"rootless": "require"}' >"$PLACE/policy.json"
	example createRuntime "$TOP/docs/examples/hooks.d/vmcg-createRuntime.json" --policy "$PLACE/policy.json"
	status=0
	run_podman -- true >"$T/out" 2>&1 || status=$?
	[ "$status" -ne 0 ]
	[[ $(<"$T/out") = *"exit status 4"* ]] || fail "$(<"$T/out")"
	grep -q 'rootless: no cgroup is delegated to this user, and policy says "rootless": "require"' "$LOG" || fail "$(<"$LOG")"
}

# --- vmcg is called for a process of the user's ---

@test "rootless: the user's systemd makes the scope, with the limits that are delegated" {
	local scope

	need_delegation
	be vmcg-user
	scope=$TREE/user.slice/vmcg-$NAME.scope
	start_users_process
	from_his_tree
	CONFIG='{"ociVersion": "1.0.2", "linux": {"resources": {"memory": {"limit": 134217728},
		"cpu": {"shares": 2048, "quota": 50000, "period": 100000}, "pids": {"limit": 33}}}}'
	user_hook createRuntime --cgroup-manager systemd
	expect 0
	[ "$(<"/proc/$VM/cgroup")" = "0::$scope" ] || fail "$(<"/proc/$VM/cgroup")" "$err"
	[ "$(<"/sys/fs/cgroup$scope/memory.max")" = 134217728 ]
	[ "$(<"/sys/fs/cgroup$scope/pids.max")" = 33 ]
	[ "$(<"/sys/fs/cgroup$scope/cpu.max")" = "50000 100000" ]
	as_user systemctl --user daemon-reload
	[ "$(<"/sys/fs/cgroup$scope/memory.max")" = 134217728 ]
	[ "$(<"/sys/fs/cgroup$scope/pids.max")" = 33 ]

	user_hook poststop
	expect 0
	vm_is_at_home
	wait_until no_unit_left
	[ ! -e "$RUNTIME/vmcg/$NAME.json" ]
}

@test "rootless: a VM whose own scope has gone survives poststop, in the tree of the user" {
	need_delegation
	be vmcg-user
	start_users_process alone
	from_his_tree
	CONFIG='{"ociVersion": "1.0.2", "linux": {"resources": {"pids": {"limit": 33}}}}'
	user_hook createRuntime --cgroup-manager systemd
	expect 0
	wait_until ! [ -d "/sys/fs/cgroup${HOME_GROUP#0::}" ]
	user_hook poststop
	expect 0
	kill -0 "$VM"
	[[ $(<"/proc/$VM/cgroup") = 0::$TREE/* ]]
	wait_until no_unit_left
}

@test "rootless: from a login, beside his systemd, the user gets a scope as well" {
	local scope

	need_delegation
	be vmcg-user
	scope=$TREE/user.slice/vmcg-$NAME.scope
	start_process_at_login
	CONFIG='{"ociVersion": "1.0.2", "linux": {"resources": {"memory": {"limit": 134217728}}}}'
	user_hook createRuntime
	expect 0
	[ "$(<"/proc/$VM/cgroup")" = "0::$scope" ] || fail "$(<"/proc/$VM/cgroup")" "$err"
	[ "$(<"/sys/fs/cgroup$scope/memory.max")" = 134217728 ]
	kill -KILL "$VM"
	wait_until ! kill -0 "$VM" 2>/dev/null
	user_hook poststop
	expect 0
	wait_until no_unit_left
	[ ! -e "$RUNTIME/vmcg/$NAME.json" ]
}

@test "rootless: a process at a login goes into no directory, and the user is told what could fetch it" {
	need_delegation
	be vmcg-user
	start_process_at_login
	CONFIG='{"ociVersion": "1.0.2", "linux": {"cgroupsPath": "/vm", "resources": {"memory": {"limit": 134217728}}}}'
	user_hook createRuntime
	expect 0 "${HOME_GROUP#0::}, outside of what is delegated to this user ($TREE)" "so no limit applies"
	vm_is_at_home
	user_hook poststop
	expect 0
	echo '{"rootless": "require"}' >"$PLACE/policy.json"
	user_hook createRuntime --policy "$PLACE/policy.json"
	expect 4 "use --cgroup-manager systemd"
	one_line
	vm_is_at_home
}

@test "rootless: a group that root has delegated, without any systemd" {
	local tree=$CG-top/tree group

	need_delegation
	be vmcg-bare
	group=/sys/fs/cgroup$tree/machines/vm
	XDG=/run/$NAME
	install -d -m 700 -o "$WHO" -g "$WHO" "$XDG"
	# What the root hands down depends on who was there before.
	make_group "$CG-top"
	echo "+cpu +memory +pids" >"/sys/fs/cgroup$CG-top/cgroup.subtree_control"
	make_group "$tree/home"
	chown "$WHO:" "/sys/fs/cgroup$tree"{,/home}{,/cgroup.procs,/cgroup.subtree_control,/cgroup.threads}
	start_process_in "/sys/fs/cgroup$tree/home"
	CONFIG='{"ociVersion": "1.0.2", "linux": {"cgroupsPath": "/machines/vm", "resources": {"memory": {"limit": 134217728},
		"pids": {"limit": 33}, "cpu": {"quota": 50000, "period": 100000}, "hugepageLimits": [{"pageSize": "2MB", "limit": 0}]}}}'
	user_hook createRuntime
	expect 0 "the device filter is left to the caller's manager" "hugetlb controller is not delegated"
	[ "$(<"/proc/$VM/cgroup")" = "0::$tree/machines/vm" ] || fail "$(<"/proc/$VM/cgroup")" "$err"
	[ "$(<"$group/memory.max")" = 134217728 ]
	[ "$(<"$group/pids.max")" = 33 ]
	[ "$(<"$group/cpu.max")" = "50000 100000" ]
	user_hook poststop
	expect 0
	vm_is_at_home
	[ ! -e "${group%/vm}" ]
	[ ! -e "$XDG/vmcg/$NAME.json" ]
}

@test "rootless: what is not delegated is a warning that names it, or an error where policy requires it" {
	need_delegation
	be vmcg-user
	start_users_process
	from_his_tree
	CONFIG='{"ociVersion": "1.0.2", "linux": {"resources": {"memory": {"limit": 134217728}, "cpu": {"cpus": "0"}}}}'
	user_hook createRuntime --cgroup-manager systemd
	expect 0 cpuset
	user_hook poststop
	expect 0
	echo '{"rootless": "require"}' >"$PLACE/policy.json"
	user_hook createRuntime --cgroup-manager systemd --policy "$PLACE/policy.json"
	expect 4 cpuset
	vm_is_at_home
}

@test "rootless: with nothing delegated setup succeeds and says so, or fails where policy requires it" {
	local manager

	be vmcg-bare
	XDG=/run/$NAME
	install -d -m 700 -o "$WHO" -g "$WHO" "$XDG"
	echo '{"rootless": "require"}' >"$PLACE/policy.json"
	start_process_in
	CONFIG='{"ociVersion": "1.0.2", "linux": {"resources": {"memory": {"limit": 134217728}}}}'
	for manager in auto cgroupfs systemd; do
		user_hook createRuntime --cgroup-manager $manager
		expect 0 "rootless: no cgroup is delegated to this user, so no limit applies"
		vm_is_at_home
		user_hook poststop
		expect 0
		[ ! -e "$XDG/vmcg/$NAME.json" ]
		user_hook createRuntime --cgroup-manager $manager --policy "$PLACE/policy.json"
		expect 4 'rootless: no cgroup is delegated to this user, and policy says "rootless": "require"'
		one_line
		[ ! -e "$XDG/vmcg/$NAME.json" ]
	done
	vm_is_at_home
}

@test "rootless: without a systemd of his own the user is told what to do" {
	need_delegation
	be vmcg-user
	start_users_process
	XDG=/run/$NAME
	from_his_tree
	XDG=
	CONFIG='{"ociVersion": "1.0.2", "linux": {"resources": {"memory": {"limit": 134217728}}}}'
	install -d -m 700 -o "$WHO" -g "$WHO" "/run/$NAME"
	user_hook createRuntime --cgroup-manager systemd
	expect 4 "systemctl --user"
	one_line
	vm_is_at_home
}
