#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# runc - a real runtime calls the hook: its container's cgroup is adopted, everything it does with
# it goes on working, and nothing is left; the same with a VM process in a cgroup of its own
#
# crun.bats is a link to this file: the file's name says which runtime is tested.

load lib

RUNTIME=${BATS_TEST_FILENAME##*/}
RUNTIME=${RUNTIME%.bats}

setup() {
	command -v "$RUNTIME" >/dev/null || cannot "no $RUNTIME on this host"
	prepare
	if [ "$RUNTIME" = crun ] && [ "$(layout)" = hybrid ]; then
		cannot "crun refuses hybrid hosts"
	fi
	make_bundle
}

teardown() {
	[ ! -d "${STATE:-/nonexistent}" ] || runtime delete --force "$ID" >/dev/null 2>&1 || true
	finish
}

# A bundle as `runc spec` has it, with a shell and nothing else in it.
make_bundle() {
	busybox=$(command -v busybox) || fail "busybox is missing: tests/deps root"
	STATE=$T/state
	mkdir -p "$BUNDLE/rootfs/bin" "$BUNDLE/rootfs/dev" "$BUNDLE/rootfs/proc" "$BUNDLE/rootfs/sys" "$STATE"
	cp "$busybox" "$BUNDLE/rootfs/bin/busybox"
	for applet in sh sleep cat; do
		ln -s busybox "$BUNDLE/rootfs/bin/$applet"
	done
	(cd "$BUNDLE" && "$RUNTIME" spec)
	change --arg cg "$CG" '.process.terminal = false | .process.args = ["sleep", "1000"]
		| .linux.cgroupsPath = $cg'
}

# change FILTER: edit the bundle's config.
change() {
	jq "$@" "$BUNDLE/config.json" >"$T/config.new"
	mv "$T/config.new" "$BUNDLE/config.json"
}

# hooked [OPTION...]: vmcg as createRuntime, poststart and poststop.
hooked() {
	local options

	options=$(for option; do jq -n --arg o "$option" '$o'; done | jq -cs .)
	change --arg vmcg "$VMCG" --arg root "$ROOT" --arg policy "$POLICY" --argjson options "$options" '
		def hook(stage): [{path: $vmcg, timeout: 30,
			args: (["vmcg", "--root", $root, "--policy", $policy] + $options + [stage])}];
		.hooks = {createRuntime: hook("createRuntime"), poststart: hook("poststart"), poststop: hook("poststop")}'
}

runtime() {
	"$RUNTIME" --root "$STATE" "$@" 3>&-
}

# Start the container in the background; its init is $INIT.
start_container() {
	(cd "$BUNDLE" && runtime run -d "$ID" </dev/null >"$T/container.out" 2>"$T/container.err") ||
		fail "$RUNTIME run:" "$(cat "$T/container.err")" || return
	INIT=$(runtime state "$ID" | jq .pid)
	[ "$INIT" -gt 0 ]
}

stop_container() {
	runtime kill "$ID" KILL
	wait_until container_is stopped
	runtime delete "$ID"
}

container_is() {
	[ "$(runtime state "$ID" | jq -r .status)" = "$1" ]
}

# Neither the runtime nor vmcg has left anything of this container.
nothing_left() {
	[ -z "$(groups_here)" ] || fail "cgroups:" "$(groups_here)" || return
	[ -z "$(ls -A "$ROOT")" ] || fail "in the run directory:" "$(ls -A "$ROOT")" || return
	! runtime state "$ID" 2>/dev/null || fail "the container is still known"
}

# Limits that both the runtime and vmcg can set on this host. The shares are the one large value that
# old and new runtimes turn into the same cgroup v2 weight: the formula changed in between.
with_limits() {
	local dev

	dev=$(block_device) || dev=
	change --argjson c "$(facts -c .controllers)" --arg dev "$dev" '
		def has(x): $c | index(x) != null;
		.linux.resources |= (
		  if has("cpu") then .cpu += {shares: 262144, quota: 80000, period: 100000} else . end
		| if has("cpuset") then .cpu += {cpus: "0", mems: "0"} else . end
		| if has("memory") then .memory = {limit: 268435456, reservation: 134217728, swap: 268435456} else . end
		| if has("pids") then .pids = {limit: 64} else . end
		| if (has("blkio") or has("io")) and $dev != "" then .blockIO = {throttleReadBpsDevice: [
			{major: ($dev | split(":")[0] | tonumber), minor: ($dev | split(":")[1] | tonumber), rate: 1048576}]}
		  else . end)'
}

# The settings of the container's cgroup in every hierarchy, of which there must be some.
container_settings() {
	local mount n=0

	for mount in $(hierarchies); do
		[ -d "$mount$CG" ] || continue
		echo "$mount"
		settings "$mount$CG"
		n=$((n + 1))
	done
	[ "$n" -gt 0 ] || fail "no cgroup $CG"
}

@test "the container's cgroup is adopted, and all of the runtime's commands work" {
	with_limits
	hooked
	start_container
	vmcg --format json list
	jq -e --arg cg "$CG" --argjson pid "$INIT" \
		'length == 1 and (.[0] | .mode == "adopt" and .path == $cg and .pid == $pid and .running)' "$T/out"
	vmcg show "$ID"
	expect 0
	[[ $out = *"$CG"*adopt* ]]

	[ "$(runtime exec "$ID" sh -c 'echo inside')" = inside ]
	runtime pause "$ID"
	container_is paused
	runtime resume "$ID"
	container_is running
	if has_controller pids; then
		[ "$(cgfile pids pids.max)" = 64 ]
		runtime update --pids-limit 32 "$ID"
		[ "$(cgfile pids pids.max)" = 32 ]
	fi
	[ "$(runtime exec "$ID" sh -c 'echo inside')" = inside ]
	stop_container
	nothing_left
}

@test "every control file is as the runtime alone writes it, but for the hypervisor's devices" {
	with_limits
	start_container
	container_settings >"$T/alone"
	[ "$(grep -vc '^/' "$T/alone")" -gt 10 ]
	stop_container
	nothing_left

	hooked
	start_container
	container_settings >"$T/hooked"
	diff <(grep -v '^devices.list:' "$T/alone") <(grep -v '^devices.list:' "$T/hooked")
	if [ "$(version_of devices)" = 1 ]; then
		diff <(grep '^devices.list:' "$T/alone" | sort) <(grep '^devices.list:' "$T/hooked" | sort) \
			>"$T/difference" || true
		! grep '^<' "$T/difference" || fail "a rule is gone"
		grep '^>' "$T/difference" | sed 's/^> devices.list://' | sort >"$T/more"
		{
			for device in kvm vhost-net vhost-vsock vfio/vfio; do
				[ ! -c "/dev/$device" ] ||
					echo "c $((0x$(stat -c %t "/dev/$device"))):$((0x$(stat -c %T "/dev/$device"))) rwm"
			done
			# In every container's base list, but for crun's from 1.5 to 1.19: net/tun.
			grep -q '^devices.list:c 10:200 ' "$T/alone" || echo "c 10:200 rwm"
		} | sort | diff - "$T/more"
	fi
	stop_container
	nothing_left
}

@test "/dev/kvm opens inside with the hook, and not without it" {
	need_kvm
	change '.linux.devices = [{path: "/dev/kvm", type: "c", major: 10, minor: 232, fileMode: 438, uid: 0, gid: 0}]
		| .process.args = ["sh", "-c", "if true <>/dev/kvm; then echo opened; else echo denied; fi"]'
	[ "$(cd "$BUNDLE" && runtime run "$ID" 2>/dev/null)" = denied ]
	nothing_left
	hooked
	[ "$(cd "$BUNDLE" && runtime run "$ID")" = opened ]
	nothing_left
}

# with_spare_device: a node /dev/spare of a device that needs a rule to be opened.
with_spare_device() {
	read -r major minor < <(spare_device) || cannot "no device to try"
	change --argjson major "$major" --argjson minor "$minor" '.linux.devices =
		[{path: "/dev/spare", type: "c", major: $major, minor: $minor, fileMode: 438, uid: 0, gid: 0}]'
}

allow_spare_device() {
	change --argjson major "$major" --argjson minor "$minor" '.linux.resources.devices +=
		[{allow: true, type: "c", major: $major, minor: $minor, access: "rwm"}]'
}

@test "what the config's rules keep out stays out, and what they let in stays in" {
	with_spare_device
	change '.process.args = ["sh", "-c", "if true <>/dev/spare; then echo opened; else echo denied; fi"]'
	hooked
	[ "$(cd "$BUNDLE" && runtime run "$ID" 2>/dev/null)" = denied ]
	nothing_left
	allow_spare_device
	[ "$(cd "$BUNDLE" && runtime run "$ID" 2>/dev/null)" = opened ]
	nothing_left
}

@test "a VM process that is not the container's init gets a cgroup of its own" {
	start_vm
	home=$(cat "/proc/$VM/cgroup")
	with_limits
	hooked --mode own --vm-pid "$VM"
	start_container
	sits_in "$VM" "/vmcg/$ID"
	# Init is where its runtime put it, which does not know every hierarchy (v1 misc).
	grep -q ":$CG\$" "/proc/$INIT/cgroup"
	! grep -q ":/vmcg/$ID" "/proc/$INIT/cgroup" || fail "init was moved"
	if has_controller pids; then
		[ "$(cat "$(controller_path pids "/vmcg/$ID")/pids.max")" = 64 ]
	fi
	if [ -c /dev/kvm ]; then
		opens /dev/kvm
	fi
	[ "$(runtime exec "$ID" sh -c 'echo inside')" = inside ]
	runtime pause "$ID"
	# Pausing the container is the runtime's, and the VM is not in it.
	opens /dev/null
	runtime resume "$ID"
	stop_container
	nothing_left
	[ "$(cat "/proc/$VM/cgroup")" = "$home" ]
}

@test "a hook that refuses fails the create, and nothing is left" {
	echo '{"devices": {"require": ["/dev/vmcg-no-such-device"]}}' >"$POLICY"
	hooked
	status=0
	(cd "$BUNDLE" && runtime run -d "$ID" </dev/null >"$T/out" 2>"$T/err") || status=$?
	[ "$status" -ne 0 ]
	# crun shows a hook's code, not its words.
	[ "$RUNTIME" != runc ] || grep -q /dev/vmcg-no-such-device "$T/err"
	wait_until nothing_left
}

@test "without cgroupsPath the group that the runtime chose is adopted" {
	change 'del(.linux.cgroupsPath)'
	hooked
	start_container
	vmcg --format json list
	jq -e '.[0].mode == "adopt"' "$T/out"
	path=$(jq -r '.[0].path' "$T/out")
	cut -d: -f3- "/proc/$INIT/cgroup" | grep -qxF "$path"
	[ "$(runtime exec "$ID" sh -c 'echo inside')" = inside ]
	stop_container
	nothing_left
}

@test "the container is killed from outside: delete and poststop still clear up" {
	hooked
	start_container
	kill -KILL "$INIT"
	wait_until container_is stopped
	runtime delete "$ID"
	nothing_left
}

@test "a second container under the same id, after a crash that ran no poststop" {
	hooked
	start_container
	cp "$ROOT/$ID.json" "$T/old"
	stop_container
	nothing_left
	# The record of a container that is long gone.
	(umask 077 && cat "$T/old" >"$ROOT/$ID.json")
	# The new one may use a device that the former could not; taking that down leaves it so.
	with_spare_device
	allow_spare_device
	start_container
	[ "$(record .vm.pid)" = "$INIT" ]
	[ "$(runtime exec "$ID" sh -c 'if true <>/dev/spare; then echo opened; fi')" = opened ]
	stop_container
	nothing_left
}

@test "an adoption that fails or is killed at any step leaves the container as the runtime made it" {
	need_test_build
	with_limits
	start_container
	container_settings >"$T/alone"
	plan "$INIT"
	[ "$(jq -r .mode "$T/plan")" = adopt ]
	steps=$(jq '.steps | length' "$T/plan")
	for ((k = 1; k <= steps; k++)); do
		for errno in 28 0; do
			VMCG=$VMCG_TEST VMCG_FAULT=$k:$errno hook createRuntime "$INIT"
			if [ "$errno" = 28 ]; then
				expect 5 "everything was undone"
			else
				[ "$status" -eq 137 ]
				vmcg destroy "$ID"
				expect 0
			fi
			container_settings | diff "$T/alone" - || fail "step $k of $steps, errno $errno"
		done
	done
	hook createRuntime "$INIT"
	expect 0
	vmcg destroy "$ID"
	expect 0
	container_settings | diff "$T/alone" -
	[ "$(runtime exec "$ID" sh -c 'echo inside')" = inside ]
	stop_container
	nothing_left
}
