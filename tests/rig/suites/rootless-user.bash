# shellcheck shell=bash disable=SC2034,SC2154 # what is set here is used by the tests, and the other way round
# SPDX-License-Identifier: Apache-2.0
#
# rootless-user - two users without privilege, and what they run
#
#   vmcg-user    4242  has a systemd of his own, which runs on without a login, and the group kvm
#   vmcg-bare    4243  has nothing: no login, no systemd, no delegated group
#
# as USER says who it is: every helper below acts for that one.

load ../../root/lib

make_users() {
	useradd --create-home --uid 4242 --groups kvm vmcg-user
	useradd --create-home --uid 4243 vmcg-bare
	chmod 755 /home/vmcg-user /home/vmcg-bare
	loginctl enable-linger vmcg-user
}

# What podman keeps for a user, his pause process, outlives every container.
end_users() {
	loginctl disable-linger vmcg-user
	loginctl terminate-user vmcg-user 2>/dev/null || true
	pkill -KILL -u vmcg-bare || true
}

# be USER: who acts from now on; his number, runtime directory and a place that he can reach.
be() {
	WHO=$1
	U=$(id -u "$1")
	RUNTIME=/run/user/$U
	TREE=/user.slice/user-$U.slice/user@$U.service
	PLACE=/home/$1/$NAME
	mkdir -p "$PLACE"
	chown "$1:$1" "$PLACE"
	chmod 711 "$T"
	[ "$1" = vmcg-bare ] || wait_until [ -S "$RUNTIME/systemd/private" ] || fail "the user's systemd does not run"
}

# Users' groups are cgroup v2's.
need_delegation() {
	[ "$LAYOUT" = unified ] || cannot "only cgroup v2 is delegated to users"
}

# As the user, with a login's environment, or none for one who never logged in.
as_user() {
	local login=("XDG_RUNTIME_DIR=${XDG:-$RUNTIME}" "DBUS_SESSION_BUS_ADDRESS=unix:path=$RUNTIME/bus")

	[ "$WHO" = vmcg-user ] || login=(${XDG:+"XDG_RUNTIME_DIR=$XDG"})
	(cd / && setpriv --reuid="$WHO" --regid="$WHO" --init-groups env -i HOME="/home/$WHO" PATH="$PATH" "${login[@]}" "$@" 3>&-)
}

# user_vmcg ARGUMENT...: sets $status, $out and $err. CALL may be a command that calls it.
user_vmcg() {
	status=0
	as_user "${CALL[@]}" "$VMCG" "$@" <"$T/input" >"$T/out" 2>"$T/err" || status=$?
	out=$(<"$T/out")
	err=$(<"$T/err")
}

# user_hook STAGE [OPTION...]: the config is $CONFIG.
user_hook() {
	local stage=$1

	shift
	printf '{"ociVersion": "1.0.2", "id": "%s", "status": "created", "pid": %d}\n%s\n' "$NAME" "$VM" "$CONFIG" >"$T/input"
	user_vmcg "$@" "$stage"
}

# As a container runtime of the user's does: from within his own systemd's tree.
from_his_tree() {
	CALL=(systemd-run --user --scope --quiet --collect env "XDG_RUNTIME_DIR=${XDG:-$RUNTIME}")
}

# start_users_process [alone]: a process of the user's in a scope of his ($VM), with another beside it.
start_users_process() {
	# A file, because some systemd-run expand what is a variable for the shell.
	{
		[ "${1:-}" = alone ] || echo 'sleep 1001 &'
		echo 'echo $$; exec sleep 1000'
	} >"$PLACE/run"
	as_user systemd-run --user --scope --quiet --unit="$NAME-home" sh "$PLACE/run" \
		</dev/null >"$T/home.pid" 2>/dev/null &
	users_process
}

# start_process_at_login: the same in a scope as a login makes it: beside his systemd, and root's.
start_process_at_login() {
	echo 'echo $$; exec sleep 1000' >"$PLACE/run"
	systemd-run --scope --quiet --collect --slice="user-$U.slice" --unit="$NAME-home" \
		setpriv --reuid="$WHO" --regid="$WHO" --init-groups sh "$PLACE/run" </dev/null >"$T/home.pid" 2>/dev/null 3>&- &
	users_process
}

# start_process_in [DIRECTORY]: in a cgroup; without one, where these tests are.
start_process_in() {
	echo 'echo $$; exec sleep 1000' >"$PLACE/run"
	as_user sh "$PLACE/run" </dev/null >"$T/home.pid" 2>/dev/null &
	users_process
	[ $# -eq 0 ] || echo "$VM" >"$1/cgroup.procs"
	HOME_GROUP=$(<"/proc/$VM/cgroup")
}

users_process() {
	STARTED+=("$!")
	wait_until [ -s "$T/home.pid" ]
	VM=$(<"$T/home.pid")
	STARTED+=("$VM")
	wait_until grep -qx sleep "/proc/$VM/comm"
	HOME_GROUP=$(<"/proc/$VM/cgroup")
}

vm_is_at_home() {
	[ "$(<"/proc/$VM/cgroup")" = "$HOME_GROUP" ] || fail "$(<"/proc/$VM/cgroup")" "$err"
}

no_unit_left() {
	[ -z "$(as_user systemctl --user list-units --all --plain --no-legend "*$NAME.scope")" ]
}

# --- podman ---

# podman_with RUNTIME MANAGER: what the user's containers are made of.
podman_with() {
	local applet stage

	RUNTIME_NAME=$1 MANAGER=$2 LOG=$PLACE/log
	ROOTFS=/home/$WHO/rootfs
	if [ ! -d "$ROOTFS" ]; then
		mkdir -p "$ROOTFS"/{bin,dev,proc,sys,etc,run,tmp,var}
		cp "$(command -v busybox)" "$ROOTFS/bin/busybox"
		for applet in sh sleep true; do
			ln -s busybox "$ROOTFS/bin/$applet"
		done
		chown -R "$WHO:$WHO" "$ROOTFS"
	fi
	mkdir "$PLACE/hooks.d"
	for stage in createRuntime poststart poststop; do
		example "$stage" "$TOP/docs/examples/hooks.d/vmcg-$stage.json"
	done
}

# example STAGE FILE [OPTION...]: an example of hooks.d, with this vmcg, whose words go to $LOG.
example() {
	jq --arg vmcg "$VMCG" --args '.hook.path = $vmcg | .hook.args |= ["vmcg"] + $ARGS.positional + .[1:]' \
		-- --log "$LOG" "${@:3}" <"$2" >"$PLACE/hooks.d/$1.json"
}

user_podman() {
	as_user "${CALL[@]}" podman --runtime "$RUNTIME_NAME" --cgroup-manager "$MANAGER" --hooks-dir "$PLACE/hooks.d" --events-backend none \
		"$@" </dev/null
}

# run_podman OPTION... -- COMMAND...: a container that asks for the hook.
run_podman() {
	local options=()

	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	PODMAN_RAN=1
	user_podman run --name "$NAME" --network none --log-driver none --annotation io.vmcg.enable=1 \
		"${options[@]}" --rootfs "$ROOTFS" "$@"
}

# start_podman OPTION...: one that stays. Its init is $VM, its id $ID.
start_podman() {
	run_podman -d --pidfile "$PLACE/pid" "$@" -- sleep 1000 >"$T/container.out" 2>"$T/container.err" ||
		fail "podman does not start it:" "$(<"$T/container.err")" "$(cat "$LOG")" || return
	VM=$(<"$PLACE/pid")
	ID=$(tail -n 1 "$T/container.out")
}

remove_podman() {
	[ "${PODMAN_RAN:-}" ] || return 0
	user_podman rm --force --time 0 "$NAME" >"$T/rm.out" 2>&1 || fail "podman rm:" "$(<"$T/rm.out")"
}

limits=(--memory 134217728 --memory-swap 134217728 --cpu-shares 262144 --cpu-quota 50000 --cpu-period 100000 --pids-limit 33)

# limits_stand PATH: as the kernel has them.
limits_stand() {
	local file want got

	while IFS='|' read -r file want; do
		got=$(<"/sys/fs/cgroup$1/$file")
		[ "$got" = "$want" ] || fail "$1: $file is \"$got\", not \"$want\"" "$(cat "$LOG")" || return
	done <<-END
		memory.max|134217728
		memory.swap.max|0
		cpu.max|50000 100000
		cpu.weight|10000
		pids.max|33
	END
}

# The user's record of container $ID, in his own run directory and out of the reach of others: sets $TARGET.
record_is_his() {
	local file=$RUNTIME/vmcg/$ID.json

	[ "$(stat -c '%U %a' "$file")" = "$WHO 600" ] || fail "$(ls -la "$RUNTIME/vmcg")" || return
	TARGET=$(jq -r .path "$file")
	[[ $TARGET = "$TREE"/* ]] || fail "not in his tree: $TARGET" || return
	[[ $(sed -n 's/^0:://p' "/proc/$VM/cgroup")/ = "$TARGET"/* ]] || fail "init is elsewhere: $(cat "/proc/$VM/cgroup")"
}

# What the user sees from his shell, outside of the container's user namespace.
show_agrees() {
	: >"$T/input"
	user_vmcg --format json list
	expect 0 || return
	[ "$(jq -r '.[].id' "$T/out")" = "$ID" ] || fail "$out" || return
	user_vmcg --format json show "$ID"
	expect 0 || return
	[ "$(jq -r .manager "$T/out")" = "$1" ] || fail "not $1:" "$out" || return
	jq -e '.settings | length >= 5 and all(.set == .live)' "$T/out" >/dev/null || fail "$out"
}

# Wherever podman and vmcg could have left something of container $ID.
remains() {
	find "${HIERARCHIES[@]}" -type d -path "*$ID*" 2>/dev/null
	find "/sys/fs/cgroup$TREE/vmcg" -maxdepth 0 2>/dev/null
	find "$RUNTIME/vmcg" /tmp/*-run-"$U"/vmcg /run/vmcg -name "$ID*" 2>/dev/null
	[ "$WHO" = vmcg-bare ] || as_user systemctl --user list-units --all --plain --no-legend "*$ID*"
}

nothing_remains() {
	[ -z "$(remains)" ]
}

nothing_left() {
	wait_until nothing_remains || fail "left behind:" "$(remains)" "$(cat "$LOG")"
}
