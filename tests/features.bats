#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# features - what this build and this host can do: in the form of the OCI features document, the
# same as the program says elsewhere, and without rights

bats_require_minimum_version 1.5.0

setup() {
	TOP=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
	VMCG=$(realpath "${VMCG:-$TOP/build/vmcg}")
	[ -x "$VMCG" ]
	cd "$BATS_TEST_TMPDIR" || return
	echo '{}' >policy.json
	"$VMCG" --policy policy.json features >features.json 2>err
	[ ! -s err ]
}

# The document, by a jq filter that must be true.
holds() {
	jq -e "$1" features.json >/dev/null || { jq . features.json; return 1; }
}

@test "features: the members of the OCI document have its types, and no member is unknown there but one" {
	holds 'keys == ["annotations", "hooks", "linux", "ociVersionMax", "ociVersionMin",
		"potentiallyUnsafeConfigAnnotations", "vmcg"]'
	holds '[.ociVersionMin, .ociVersionMax] | all(type == "string" and test("^[0-9]+[.][0-9]+[.][0-9]+$"))'
	holds '(.ociVersionMin | split(".") | map(tonumber)) <= (.ociVersionMax | split(".") | map(tonumber))'
	holds '[.hooks, .potentiallyUnsafeConfigAnnotations] | all(type == "array" and length > 0 and all(.[]; type == "string"))'
	holds '.annotations | type == "object" and all(.[]; type == "string")'
	holds '.linux | keys == ["cgroup"]'
	holds '.linux.cgroup | keys == ["rdma", "systemd", "systemdUser", "v1", "v2"] and all(.[]; type == "boolean")'
}

@test "features: the hooks are the OCI stages that the program does not refuse" {
	for stage in prestart createRuntime createContainer startContainer poststart poststop; do
		# a stage that is served does not like an empty state; one that is not, is a usage error
		status=0
		"$VMCG" --policy policy.json "$stage" <policy.json 2>err || status=$?
		if [ "$status" -eq 2 ]; then
			holds "(.hooks | index(\"$stage\")) == null"
		else
			[ "$status" -eq 3 ]
			holds ".hooks | index(\"$stage\") != null"
		fi
	done
	holds '.hooks | length == 4'
}

@test "features: version, commands and annotations are those of the program" {
	[ "vmcg $(jq -r .vmcg.version features.json)" = "$("$VMCG" --version)" ]
	holds '.annotations == {"io.vmcg.version": .vmcg.version}'
	diff -u <("$VMCG" --help | awk '/^[a-z]/ { on = $0 == "commands:" } on && /^  [^ ]/ { print $1 }') \
		<(jq -r '.vmcg.commands[]' features.json)
	diff -u <(awk '/^[.]Sh / { on = $0 == ".Sh ANNOTATIONS" } on && $1 == ".It" { print $2 }' "$TOP/docs/vmcg.8" | sort) \
		<(jq -r '.potentiallyUnsafeConfigAnnotations[]' features.json | sort)
}

@test "features: this host is the one of the host facts" {
	"$VMCG" --policy policy.json --format json host >host.json
	diff -u <(jq -S '{layout, kernel, rootless, delegated, devices, controllers: (.controllers | sort)}' host.json) \
		<(jq -S '.vmcg.host | {layout, kernel, rootless, delegated, devices, controllers: (.controllers | keys)}' features.json)
	jq -e --slurpfile f features.json '.systemd as $version | .mounts as $m | .rootless as $rootless
		| $f[0].vmcg.host | .systemd.runs == ($version > 0)
		and all(.controllers | to_entries[]; .value == if $m[.key] then 1 else 2 end)
		and .device_filter == (if $rootless then null elif $m.devices then "list" elif $m.unified then "program" else null end)
		and .freezer == (if $m.freezer then 1 elif $m.unified then 2 else null end)' host.json
	holds '.vmcg.host | keys == ["cgroupfs", "controllers", "delegated", "device_filter", "devices", "freezer",
		"kernel", "layout", "pressure", "rootless", "systemd"]'
	holds '.vmcg.host | [.pressure, .cgroupfs, .rootless, .systemd.runs, .systemd.usable] | all(type == "boolean")'
	holds '.vmcg.host.systemd | (keys == ["runs", "usable", "version", "why_not"])
		and (.usable == (.version != null)) and (.usable == (.why_not == null)) and (.runs or (.usable | not))'
}

@test "features: both forms are the same, and neither the policy nor the environment matters" {
	for format in text json; do
		"$VMCG" --policy policy.json --format $format features | diff features.json -
	done
	cat >strange.json <<-'END'
		{"devices": {"add": ["/dev/full"], "remove": ["/dev/kvm"], "deny": ["/dev/kvm"]}, "annotations": [],
			"rootless": "require", "manager": "systemd", "root": "/nowhere"}
	END
	if [ "$(id -u)" = 0 ]; then
		env -i "$VMCG" --policy strange.json features | diff features.json -
	fi
	"$VMCG" --policy strange.json --root /nowhere/either features | diff features.json -
}

@test "features: no rights are needed" {
	if [ "$(id -u)" = 0 ]; then
		# where a user gets at it
		dir=$(mktemp -d)
		chmod 755 "$dir"
		cp "$VMCG" "$dir/vmcg"
		status=0
		(cd / && env -i setpriv --reuid 65534 --regid 65534 --clear-groups "$dir/vmcg" features) >user.json || status=$?
		rm -r "$dir"
		[ "$status" -eq 0 ]
	else
		cp features.json user.json
	fi
	jq -e '.linux.cgroup.v2 and .vmcg.host.rootless and .vmcg.host.device_filter == null
		and .vmcg.host.cgroupfs == (.vmcg.host.delegated != null)' user.json
	diff <(jq 'del(.vmcg.host)' features.json) <(jq 'del(.vmcg.host)' user.json)
}
