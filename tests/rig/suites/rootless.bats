#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# rootless - a user without privilege, whose own systemd makes the scope

load ../../root/lib

setup_file() {
	# The user's manager runs on without a session.
	useradd --create-home --uid 4242 vmcg-user
	loginctl enable-linger vmcg-user
}

teardown_file() {
	loginctl disable-linger vmcg-user
	loginctl terminate-user vmcg-user 2>/dev/null || true
}

setup() {
	prepare
	[ "$LAYOUT" = unified ] || cannot "only cgroup v2 is delegated to users"
	RUNTIME=/run/user/4242
	wait_until [ -S "$RUNTIME/systemd/private" ] || fail "the user's systemd does not run"
	chmod 711 "$T"
}

teardown() {
	as_user systemctl --user stop "$NAME-home.scope" 2>/dev/null || true
	rm -f "/run/$NAME.sh"
	finish
}

as_user() {
	setpriv --reuid=4242 --regid=4242 --clear-groups env -i HOME=/home/vmcg-user PATH="$PATH" \
		XDG_RUNTIME_DIR="$RUNTIME" DBUS_SESSION_BUS_ADDRESS="unix:path=$RUNTIME/bus" "$@"
}

# user_hook STAGE [OPTION...]: sets $status and $err. The config is $1 of user_config.
user_hook() {
	local stage=$1

	shift
	status=0
	# As his container runtime does: from within his own systemd's tree.
	printf '{"ociVersion": "1.0.2", "id": "%s", "status": "created", "pid": %d}\n%s\n' "$NAME" "$VM" "$CONFIG" >"$T/input"
	as_user systemd-run --user --scope --quiet --collect env XDG_RUNTIME_DIR="${XDG:-$RUNTIME}" "$VMCG" "$@" "$stage" \
		<"$T/input" >"$T/out" 2>"$T/err" || status=$?
	err=$(<"$T/err")
}

# start_users_process [alone]: a process of the user's in a scope of his ($VM), with another beside it.
start_users_process() {
	# A file, because some systemd-run expand what is a variable for the shell.
	{
		[ "${1:-}" = alone ] || echo 'sleep 1001 &'
		echo 'echo $$; exec sleep 1000'
	} >"/run/$NAME.sh"
	as_user systemd-run --user --scope --quiet --unit="$NAME-home" sh "/run/$NAME.sh" \
		</dev/null >"$T/home.pid" 2>/dev/null 3>&- &
	STARTED+=("$!")
	wait_until [ -s "$T/home.pid" ]
	VM=$(<"$T/home.pid")
	STARTED+=("$VM")
	wait_until grep -qx sleep "/proc/$VM/comm"
	HOME_GROUP=$(<"/proc/$VM/cgroup")
}

no_unit_left() {
	[ -z "$(as_user systemctl --user list-units --all --plain --no-legend "*$NAME.scope")" ]
}

@test "rootless: the user's systemd makes the scope, with the limits that are delegated" {
	local scope=/user.slice/user-4242.slice/user@4242.service/user.slice/vmcg-$NAME.scope

	start_users_process
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
	[ "$(<"/proc/$VM/cgroup")" = "$HOME_GROUP" ] || fail "$(<"/proc/$VM/cgroup")"
	wait_until no_unit_left
	[ ! -e "$RUNTIME/vmcg/$NAME.json" ]
}

@test "rootless: a VM whose own scope has gone survives poststop, in the tree of the user" {
	start_users_process alone
	CONFIG='{"ociVersion": "1.0.2", "linux": {"resources": {"pids": {"limit": 33}}}}'
	user_hook createRuntime --cgroup-manager systemd
	expect 0
	wait_until ! [ -d "/sys/fs/cgroup${HOME_GROUP#0::}" ]
	user_hook poststop
	expect 0
	kill -0 "$VM"
	[[ $(<"/proc/$VM/cgroup") = 0::/user.slice/user-4242.slice/user@4242.service/* ]]
	wait_until no_unit_left
}

@test "rootless: what is not delegated is a warning that names it, or an error where policy requires it" {
	start_users_process
	CONFIG='{"ociVersion": "1.0.2", "linux": {"resources": {"memory": {"limit": 134217728}, "cpu": {"cpus": "0"}}}}'
	user_hook createRuntime --cgroup-manager systemd
	expect 0 cpuset
	user_hook poststop
	expect 0
	echo '{"rootless": "require"}' >"/run/$NAME.json"
	user_hook createRuntime --cgroup-manager systemd --policy "/run/$NAME.json"
	rm "/run/$NAME.json"
	expect 4 cpuset
	[ "$(<"/proc/$VM/cgroup")" = "$HOME_GROUP" ]
}

@test "rootless: without a systemd of his own the user is told what to do" {
	start_users_process
	CONFIG='{"ociVersion": "1.0.2", "linux": {"resources": {"memory": {"limit": 134217728}}}}'
	mkdir -m 700 "/run/$NAME"
	chown 4242 "/run/$NAME"
	XDG=/run/$NAME user_hook createRuntime --cgroup-manager systemd
	rm -r "/run/$NAME"
	expect 4 "systemctl --user"
	one_line
	[ "$(<"/proc/$VM/cgroup")" = "$HOME_GROUP" ]
}
