# shellcheck shell=bash disable=SC2034,SC2154 # what is set here is used by the tests, and the other way round
# SPDX-License-Identifier: Apache-2.0
#
# matrix - one field of the support matrix: a caller, a manager, and everything that has to hold
#
#   CALLER    runc, crun, podman-runc, podman-crun: a real container whose hook vmcg is;
#             own: vmcg called directly for a VM process that no container holds
#   MANAGER   cgroupfs or systemd
#
# The container's init is a shell that opens what it is told to (in_container): so neither exec nor
# a new container is needed to know what a device filter says.

load ../../root/lib

MEMORY=$((256 << 20))      # the limit that the container starts with
LESS_MEMORY=$((192 << 20)) # and what it is changed to: less, as v1 takes none above that of memory and swap
HYPERVISOR=(kvm vhost-net vfio/vfio)

# --- set-up and tear-down ---

# place CALLER MANAGER: what one field needs. CG, ID and UNIT follow from it.
place() {
	CALLER=$1 MANAGER=$2 RUNTIME=${1#podman-} UNIT=''
	prepare
	need_nodes
	STATE=$T/state STARTING='' LOST='' TOLD='' NOTE='' DEVICES=()
	KEY=$NAME # what the names of this container's cgroups and unit have in them
	if [ "$MANAGER" = systemd ]; then
		CG=system.slice:$NAME:c
		UNIT=$NAME-c.scope
	fi
}

# As finish, after the container is gone by force.
clear_away() {
	[ "${CALLER:-}" ] || return 0
	if [ "${STARTING:-}" ]; then
		container delete >/dev/null 2>&1 || true
	fi
	[ ! "${UNIT:-}" ] || systemctl stop "$UNIT" 2>/dev/null || true
	rm -f "$ROOT/systemd-version"
	finish
}

# The nodes that are tried, in a container's root and at the same path outside.
need_nodes() {
	local device

	make_node spare c 10 237
	for device in "${HYPERVISOR[@]}"; do
		[ -c "/dev/$device" ] || fail "no /dev/$device: the guest has not loaded its module" || return
		mkdir -p "$NODES/rootfs/nodes"
		mknod "$NODES/rootfs/nodes/${device##*/}" c "$((0x$(stat -c %t "/dev/$device")))" \
			"$((0x$(stat -c %T "/dev/$device")))"
	done
	# No capability guards this one, and nobody has it by default.
	mknod "$NODES/rootfs/nodes/loop-control" c 10 237
	true <>"$NODES/rootfs/nodes/loop-control" || fail "loop-control does not open on the host either"
}

# A root with a shell in it that obeys, and its two pipes.
make_rootfs() {
	local applet

	ROOTFS=$NODES/rootfs
	mkdir -p "$ROOTFS"/{bin,dev,proc,sys,etc,run,tmp,var}
	cp "$(command -v busybox)" "$ROOTFS/bin/busybox"
	for applet in sh sleep cat true; do
		ln -s busybox "$ROOTFS/bin/$applet"
	done
	mkfifo "$ROOTFS/in" "$ROOTFS/out"
	cat >"$ROOTFS/init" <<-'END'
		exec 3<>/in 4<>/out
		while read -r nodes <&3; do
			answer=
			for node in $nodes; do
				why=$( { true <>/nodes/$node; } 2>&1) && why=ok
				answer="$answer$node: ${why##*: };"
			done
			echo "$answer" >&4
		done
	END
	exec {TO}<>"$ROOTFS/in" {FROM}<>"$ROOTFS/out"
}

# The bundle: as `runc spec` has it, the limits, and vmcg as its hooks. Options go to vmcg.
make_bundle() {
	local options

	options=$(for option; do jq -n --arg o "$option" '$o'; done | jq -cs .)
	[ -s "$BATS_FILE_TMPDIR/config.json" ] || (cd "$BATS_FILE_TMPDIR" && "$RUNTIME" spec)
	jq --arg cg "$CG" --arg rootfs "$ROOTFS" --argjson memory "$MEMORY" \
		--arg vmcg "$VMCG" --arg root "$ROOT" --arg policy "$POLICY" --argjson options "$options" '
		def hook(stage): [{path: $vmcg, timeout: 60,
			args: (["vmcg", "--root", $root, "--policy", $policy] + $options + [stage])}];
		.process.terminal = false | .annotations["io.vmcg.enable"] = "1" | .process.args = ["sh", "/init"] | .root = {path: $rootfs}
		| .linux.cgroupsPath = $cg
		| .linux.resources.memory = {limit: $memory, swap: $memory}
		| .linux.resources.cpu = {shares: 262144, quota: 80000, period: 100000, cpus: "0"}
		| .linux.resources.pids = {limit: 64}
		| .hooks = {createRuntime: hook("createRuntime"), poststart: hook("poststart"), poststop: hook("poststop")}' \
		"$BATS_FILE_TMPDIR/config.json" >"$BUNDLE/config.json"
}

# The examples' hooks.d, pointed at this test's vmcg, run directory and policy.
make_hooks_dir() {
	local file

	mkdir "$T/hooks.d"
	for file in "$TOP"/docs/examples/hooks.d/vmcg-{createRuntime,poststart,poststop}.json; do
		point_hook "$file" "$T/hooks.d"
	done
}

point_hook() {
	jq --arg vmcg "$VMCG" --arg root "$ROOT" --arg policy "$POLICY" '.hook.path = $vmcg | .hook.timeout = 60
		| .hook.args |= ["vmcg", "--root", $root, "--policy", $policy] + .[1:]' "$1" >"$2/${1##*/}"
}

# From now on the caller knows of the devices when it makes the container: through precreate, or as podman's user asks for
# them, which is all that podman remembers when it updates a container.
with_devices() {
	local device

	TOLD=1
	case $CALLER in
	podman-*) for device in "${HYPERVISOR[@]}"; do DEVICES+=(--device "/dev/$device"); done ;;
	*)
		"$VMCG" --policy "$POLICY" precreate <"$BUNDLE/config.json" >"$T/config.json"
		mv "$T/config.json" "$BUNDLE/config.json"
		;;
	esac
}

# --- a container, whoever runs it ---

# container VERB: start, exec, pause, resume, update, kill, delete; in the caller's own words.
container() {
	# Whoever fails while bats' own output is shut ends without a word: so this is no place to end at.
	case $CALLER in
	podman-*) podman_container "$@" ;;
	*) runtime_container "$@" ;;
	esac 3>&- || return
}

runtime_container() {
	local verb=$1 options=(--root "$STATE")

	shift
	[ "$MANAGER" = cgroupfs ] || options+=(--systemd-cgroup)
	case $verb in
	start) (cd "$BUNDLE" && "$RUNTIME" "${options[@]}" run -d "$ID" </dev/null) ;;
	exec) "$RUNTIME" "${options[@]}" exec "$ID" "$@" ;;
	pause | resume) "$RUNTIME" "${options[@]}" "$verb" "$ID" ;;
	update) "$RUNTIME" "${options[@]}" update --memory "$1" "$ID" ;;
	kill) "$RUNTIME" "${options[@]}" kill "$ID" KILL ;;
	delete) "$RUNTIME" "${options[@]}" delete --force "$ID" ;;
	esac
}

podman_container() {
	local verb=$1 podman=(podman --cgroup-manager "$MANAGER" --runtime "$RUNTIME" --hooks-dir "$T/hooks.d"
		--events-backend none)

	shift
	case $verb in
	start)
		# podman 5.8 refuses to update a container of which it was never told that it has no health check.
		"${podman[@]}" run -d --health-cmd none --health-interval disable --pidfile "$T/pid" --name "$NAME" \
			--network none --log-driver none --annotation io.vmcg.enable=1 \
			--security-opt seccomp=unconfined --memory "$MEMORY" --memory-swap "$MEMORY" --cpu-shares 262144 \
			--cpu-quota 80000 --cpu-period 100000 --cpuset-cpus 0 --pids-limit 64 \
			"${DEVICES[@]}" --rootfs "$ROOTFS" sh /init </dev/null
		;;
	exec) "${podman[@]}" exec "$NAME" "$@" ;;
	pause) "${podman[@]}" pause "$NAME" ;;
	resume) "${podman[@]}" unpause "$NAME" ;;
	update) "${podman[@]}" update --memory "$1" "$NAME" ;;
	kill) "${podman[@]}" kill --signal KILL "$NAME" ;;
	delete) "${podman[@]}" rm --force --time 0 "$NAME" ;;
	esac
}

# Is the init stopped, or is it not (0)? The kernel's word, wherever below the target it sits.
frozen_is() {
	local mount path

	if [ "${MOUNT[freezer]:-}" ]; then
		path=$(sed -nE 's/^[0-9]+:([^:]*,)?freezer(,[^:]*)?://p' "/proc/$INIT/cgroup")
		[ "$(<"${MOUNT[freezer]}$path/freezer.state")" = "$([ "$1" = 1 ] && echo FROZEN || echo THAWED)" ]
	else
		path=$(sed -n 's/^0:://p' "/proc/$INIT/cgroup")
		mount=${MOUNT[unified]}
		grep -qx "frozen $1" "$mount$path/cgroup.events"
	fi
}

# It has died, and whoever minds it knows; a zombie is as dead.
init_is_dead() {
	! grep -qs '^State:[[:space:]]*[^ZX[:space:]]' "/proc/$INIT/status"
}

# Start it; its init is $INIT, its id in the state that vmcg gets $ID.
start_container() {
	STARTING=1
	container start >"$T/container.out" 2>"$T/container.err" ||
		fail "$CALLER does not start:" "$(cat "$T/container.err")" || return
	case $CALLER in
	podman-*)
		INIT=$(<"$T/pid") ID=$(<"$T/container.out")
		KEY=$ID
		[ "$MANAGER" = cgroupfs ] || UNIT=libpod-$ID.scope
		;;
	*) INIT=$("$RUNTIME" --root "$STATE" state "$ID" | jq .pid) ;;
	esac
	[ "$INIT" -gt 0 ]
}

# in_container NODE...: what the container's init is told when it opens them.
in_container() {
	local answer

	echo "$*" >&"$TO"
	read -r -t 30 -u "$FROM" answer || fail "the container does not answer" || return
	echo "$answer"
}

# --- what has to hold ---

# The hypervisor's devices open, and what is on nobody's list does not.
devices_stand() {
	local device

	if [ "$CALLER" != own ]; then
		container_opens "kvm: ok;vhost-net: ok;vfio: ok;loop-control: Operation not permitted;"
		return
	fi
	for device in "${HYPERVISOR[@]}"; do
		opens "/dev/$device" || fail "/dev/$device does not open" || return
	done
	denied /dev/loop-control || fail "/dev/loop-control opens"
}

# The runtime has taken them away; it has opened nothing else instead.
devices_are_gone() {
	local no='Operation not permitted'

	container_opens "kvm: $no;vhost-net: $no;vfio: $no;loop-control: $no;"
}

container_opens() {
	local got

	got=$(in_container kvm vhost-net vfio loop-control) || return
	[ "$got" = "$1" ] || fail "in the container: $got"
}

# file_is CONTROLLER FILE VALUE: what the kernel says of the target.
file_is() {
	local got

	got=$(cat "$(controller_path "$1" "$TARGET")/$2") || return
	[ "$got" = "$3" ] || fail "$TARGET: $2 is \"$got\", not \"$3\""
}

# limits_stand BYTES: each limit of this field, as the kernel has it.
limits_stand() {
	file_is memory "$(memory_file)" "$1" || return
	# Who updates memory alone has his own mind about swap: runc and crun keep the total, podman doubles the limit.
	if [ "$1" != "$MEMORY" ]; then
		:
	elif [ "$(version_of memory)" = 2 ]; then
		file_is memory memory.swap.max 0
	else
		file_is memory memory.memsw.limit_in_bytes "$1"
	fi || return
	if [ "$(version_of cpu)" = 2 ]; then
		file_is cpu cpu.max "80000 100000" && file_is cpu cpu.weight 10000
	else
		file_is cpu cpu.cfs_quota_us 80000 && file_is cpu cpu.cfs_period_us 100000 &&
			file_is cpu cpu.shares 262144
	fi || return
	file_is pids pids.max 64 && file_is cpuset cpuset.cpus 0
}

memory_file() {
	[ "$(version_of memory)" = 2 ] && echo memory.max || echo memory.limit_in_bytes
}

memory_property() {
	[ "$(version_of memory)" = 2 ] && echo MemoryMax || echo MemoryLimit
}

# What vmcg says it set is what is there, and it is not nothing.
show_agrees() {
	local file value live n=0

	vmcg --format json show "$ID"
	expect 0 || return
	TARGET=$(jq -r .path "$T/out")
	[ "$(jq -r .manager "$T/out")" = "$MANAGER" ] || fail "not $MANAGER:" "$out" || return
	while IFS=$'\t' read -r file value live; do
		reads_back "$value" "$live" || fail "$file: set \"$value\", is \"$live\"" || return
		n=$((n + 1))
	done < <(jq -r '.settings[] | [.file, .set, .live // "not there"] | @tsv' "$T/out")
	[ "$n" -ge 4 ] || fail "only $n settings are shown:" "$out"
}

# The process is in the target or below it, in every hierarchy that has limits.
inside() {
	local controller path

	for controller in memory cpu cpuset pids; do
		if [ "$(version_of "$controller")" = 2 ]; then
			path=$(sed -n 's/^0:://p' "/proc/$1/cgroup")
		else
			path=$(sed -nE "s/^[0-9]+:([^:]*,)?$controller(,[^:]*)?://p" "/proc/$1/cgroup")
		fi
		[[ $path/ = "$TARGET"/* ]] || fail "process $1 is not in $TARGET but in $path ($controller)" || return
	done
}

both_stand() {
	limits_stand "$1" || return
	devices_stand
}

# still_stand BYTES EVENT: the same after an event; unless this caller takes the devices away then,
# and has not been told of them. LOST has the reason.
still_stand() {
	local reason

	reason=$(takes_devices_away "$2")
	[ "$TOLD" ] || [ "$LOST" ] || LOST=$reason
	limits_stand "$1" || return
	if [ "$LOST" ]; then
		devices_are_gone
	else
		devices_stand
	fi
}

# What is known of the caller: why the devices are gone after this event; nothing: they stay.
takes_devices_away() {
	if [ "$1" = reload ] && [ "$RUNTIME" = crun ] && [ -e "/sys/fs/bpf/crun/${UNIT//./_}" ]; then
		echo "daemon-reload takes the devices away, unless precreate or --device has told crun of them before: it gives" \
			"systemd a device program of its own, which nobody can change"
	elif [ "$1" = update ] && [ "$CALLER" = podman-crun ] && [ "$(podman_version)" -ge 5 ]; then
		echo "podman update takes the devices away, unless podman was told of them with --device: it passes its" \
			"own list again, and crun obeys"
	fi
}

# update_reaches BYTES: the caller's update is there, or what is known of old crun: it changes the group below the scope and
# not the scope. NOW is the limit at the scope, NOTE the reason.
update_reaches() {
	NOW=$1
	[ "$RUNTIME $MANAGER" = "crun systemd" ] && [ "$(crun_minor)" -lt 20 ] || return 0
	NOW=$MEMORY
	NOTE="$RUNTIME update of this version changes the group below the scope only: it can lower a limit, and not raise it"
	TARGET=$TARGET/container file_is memory "$(memory_file)" "$1"
}

crun_minor() {
	crun --version | sed -nE 's/^crun version 1\.([0-9]+).*/\1/p'
}

podman_version() {
	podman --version | sed -E 's/^[^0-9]*([0-9]+).*/\1/'
}

# --- what may not be left ---

# Everything of this container that is still there, wherever it could be.
remains() {
	find "${HIERARCHIES[@]}" -type d -path "*$KEY*" 2>/dev/null | sed 's/^/cgroup /'
	systemctl list-units --all --plain --no-legend "*$KEY*" 2>/dev/null | sed 's/^/unit /'
	# What vmcg remembers of this boot's systemd is no container's.
	find "$ROOT" -mindepth 1 ! -name systemd-version | sed 's/^/record /'
	find /sys/fs/bpf -name "*${KEY//./_}*" 2>/dev/null | sed 's/^/pin /'
	# Nobody else in the guest has one.
	bpftool -j prog show 2>/dev/null | jq -r '.[] | select(.name == "vmcg_dev") | "program \(.id)"'
}

nothing_remains() {
	[ -z "$(remains)" ]
}

nothing_left() {
	wait_until nothing_remains || fail "left behind:" "$(remains)"
}

# --- the report ---

# in_table TEXT: what the field of the matrix says; tests/rig/matrix makes the table.
in_table() {
	echo "# matrix: $CALLER $MANAGER: $1" >&3
}
