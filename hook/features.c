/* SPDX-License-Identifier: Apache-2.0 */
/*
 * features - the command that tells what this build and this host can do
 */
#include "hook/features.h"

#include <string.h>

#include "hook/bus.h"
#include "hook/cli.h"
#include "hook/host.h"
#include "hook/hypervisor.h"
#include "hook/input.h"
#include "hook/log.h"
#include "oci/jsonw.h"

/* What of the specification's documents is read has had this form since the first of these. */
#define OCI_VERSION_MIN "1.0.0"
#define OCI_VERSION_MAX "1.3.0"

static void put_words(struct jsonw *w, const char *key, const char *const *words)
{
	jsonw_flat_array(w, key);
	for (; *words; words++)
		jsonw_string(w, NULL, *words);
	jsonw_end_array(w);
}

/* --- the program, in the specification's words --- */

static void put_specified(struct jsonw *w)
{
	static const char *const hooks[] = {"prestart", "createRuntime", "poststart", "poststop",
					    NULL};
	static const char *const annotations[] = {ANNOTATION_VM_PID_FILE, ANNOTATION_DEVICES,
						  ANNOTATION_ENABLE, NULL};
	static const char *const cgroup[] = {"v1", "v2", "systemd", "systemdUser", "rdma"};

	jsonw_string(w, "ociVersionMin", OCI_VERSION_MIN);
	jsonw_string(w, "ociVersionMax", OCI_VERSION_MAX);
	put_words(w, "hooks", hooks);
	jsonw_object(w, "linux");
	jsonw_flat_object(w, "cgroup");
	for (size_t i = 0; i < sizeof(cgroup) / sizeof(*cgroup); i++)
		jsonw_bool(w, cgroup[i], true);
	jsonw_end_object(w);
	jsonw_end_object(w);
	jsonw_flat_object(w, "annotations");
	jsonw_string(w, ANNOTATION_PREFIX "version", VMCG_VERSION);
	jsonw_end_object(w);
	put_words(w, "potentiallyUnsafeConfigAnnotations", annotations);
}

static void put_commands(struct jsonw *w)
{
	jsonw_array(w, "commands");
	for (size_t i = 0; cli_command_name(i); i++)
		jsonw_string(w, NULL, cli_command_name(i));
	jsonw_end_array(w);
}

/* --- this host --- */

/* 1, 2, or null: the cgroup version that has it. */
static void put_version_of(struct jsonw *w, const struct facts *f, const char *key,
			   const char *controller)
{
	int version = facts_version(f, controller);

	if (version)
		jsonw_int(w, key, version);
	else
		jsonw_null(w, key);
}

/* How the hypervisor's devices are let in; a user can neither write a v1 list nor load a program.
 */
static const char *device_filter(const struct facts *f)
{
	int version = f->rootless ? 0 : facts_version(f, "devices");

	return version == 1 ? "list" : version == 2 ? "program" : NULL;
}

/* Does the kernel tell how long a group waits? Only on cgroup v2, and not if booted with psi=0. */
static bool has_pressure(const struct facts *f, struct arena *a)
{
	const char *text;
	size_t len;

	return facts_mount(f, "") && input_proc(&text, &len, "/proc/pressure/cpu", a) == 0 && len;
}

static void put_devices(struct jsonw *w, const struct facts *f)
{
	jsonw_object(w, "devices");
	for (size_t i = 0; i < f->n_devices; i++) {
		const struct facts_device *d = &f->devices[i];

		if (!d->present) {
			jsonw_null(w, d->path);
			continue;
		}
		jsonw_flat_object(w, d->path);
		jsonw_string(w, "type", d->type == 'b' ? "b" : "c");
		jsonw_int(w, "major", d->major);
		jsonw_int(w, "minor", d->minor);
		jsonw_end_object(w);
	}
	jsonw_end_object(w);
}

/* Runs it, and does it answer us? A library that is missing shows here, before a VM needs it. */
static void put_systemd(struct jsonw *w, struct context *c, const struct facts *f)
{
	struct error e = {.text = "it does not run"};
	struct systemd *s = NULL;
	uint64_t version = 0;
	bool usable = false;

	if (f->systemd)
		usable = bus_connect(&s, c, &e) == 0 && systemd_version(&version, s, &e) == 0;
	jsonw_object(w, "systemd");
	jsonw_bool(w, "runs", f->systemd != 0);
	jsonw_bool(w, "usable", usable);
	if (usable)
		jsonw_uint(w, "version", version);
	else
		jsonw_null(w, "version");
	jsonw_string(w, "why_not", usable ? NULL : e.text);
	jsonw_end_object(w);
}

static void put_host(struct jsonw *w, struct context *c, const struct facts *f)
{
	jsonw_object(w, "host");
	jsonw_string(w, "layout", layout_name[f->layout]);
	jsonw_string(w, "kernel", f->kernel);
	jsonw_bool(w, "rootless", f->rootless);
	jsonw_string(w, "delegated", f->delegated);
	/* A user works below what is delegated to him, if anything is. */
	jsonw_bool(w, "cgroupfs", !f->rootless || f->delegated);
	put_systemd(w, c, f);
	jsonw_flat_object(w, "controllers");
	for (size_t i = 0; i < f->n_controllers; i++)
		put_version_of(w, f, f->controllers[i], f->controllers[i]);
	jsonw_end_object(w);
	jsonw_string(w, "device_filter", device_filter(f));
	put_version_of(w, f, "freezer", "freezer");
	jsonw_bool(w, "pressure", has_pressure(f, c->arena));
	put_devices(w, f);
	jsonw_end_object(w);
}

/* The hypervisor's devices as vmcg has them, whatever the policy says. */
static int probe(struct facts *ret, struct arena *a, struct error *e)
{
	const struct policy neutral = {0};
	struct plan scratch = {.arena = a};
	struct hypervisor_devices devices;
	struct host_wishes w = {0};
	const char **paths = NULL;

	hypervisor_list(&devices, &neutral, NULL, 0, &scratch);
	for (size_t i = 0; i < devices.n; i++)
		*ARENA_APPEND(a, paths, w.n_devices) = devices.items[i].path;
	w.devices = paths;
	return host_probe(ret, a, &w, e);
}

int features_command(struct context *c, struct error *e)
{
	struct jsonw w = {.out = c->out, .pretty = true};
	struct facts f;

	jsonw_object(&w, NULL);
	put_specified(&w);
	jsonw_object(&w, "vmcg");
	jsonw_string(&w, "version", VMCG_VERSION);
	put_commands(&w);
	if (probe(&f, c->arena, e) == 0) {
		put_host(&w, c, &f);
	} else {
		log_warning("%s", e->text);
		jsonw_null(&w, "host");
	}
	jsonw_end_object(&w);
	jsonw_end_object(&w);
	text_puts(c->out, "\n");
	return 0;
}
