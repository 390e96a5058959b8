/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inspect - the commands that only look: host, paths; and what all of them share
 */
#include "hook/inspect.h"

#include "hook/bus.h"
#include "hook/host.h"
#include "hook/log.h"
#include "hook/setup_facts.h"
#include "hook/store.h"
#include "oci/jsonw.h"
#include "oci/state.h"

/* --- vmcg host --- */

int inspect_host(struct context *c, struct error *e)
{
	static const char *const devices[] = {"/dev/kvm", "/dev/mshv", "/dev/vhost-net",
					      "/dev/vhost-vsock", "/dev/vfio/vfio"};
	static const char *const cgroups[] = {"/"};
	const struct host_wishes w = {.cgroups = cgroups,
				      .n_cgroups = 1,
				      .devices = devices,
				      .n_devices = sizeof(devices) / sizeof(*devices),
				      .all_files = true};
	struct error unknown;
	struct facts f;

	if (host_probe(&f, c->arena, &w, e) < 0)
		return -1;
	/* Nothing depends on the version here: where nobody answers it stays unknown. */
	if (bus_version(&f.systemd, c, NULL, &unknown) < 0)
		log_info("%s", unknown.text);
	if (c->options.json)
		facts_json(&f, c->out);
	else
		facts_text(&f, c->out);
	return 0;
}

/* --- records --- */

int inspect_load(struct record *ret, struct context *c, struct error *e)
{
	struct store store = STORE_NONE;
	int r;

	if (oci_state_check_id(c->args[0], e) < 0)
		return -1;
	log_about(c->args[0]);
	r = store_open(&store, c->root, false, e);
	if (r == 0)
		r = store_load(ret, &store, c->args[0], c->arena, e);
	store_close(&store);
	if (r == STORE_ABSENT)
		return error_set(e, ERROR_HOST,
				 "%s: no record of container %s; vmcg list shows all", c->root,
				 c->args[0]);
	return r;
}

void inspect_open(struct cgroupfs *ret, const struct context *c, const struct record *r,
		  struct arena *a)
{
	cgroupfs_open(ret, a, r->mounts, r->n_mounts, c->options.yard);
	ret->look_only = true;
}

/* --- vmcg paths --- */

/* Why there is no directory to name; NULL: there is. */
static const char *has_no_group(const struct record *r, struct arena *a)
{
	if (!setup_is_this_boot(r->boot, a))
		return "the record is from before the host was booted, its groups are gone; "
		       "vmcg gc drops it";
	if (!inspect_has_group(r))
		return "nothing was delegated, so it has no group";
	return NULL;
}

int inspect_paths(struct context *c, struct error *e)
{
	const char *why_none;
	struct jsonw w = {.out = c->out, .pretty = true};
	struct cgroupfs fs;
	struct record r = {0};

	if (inspect_load(&r, c, e) < 0)
		return -1;
	why_none = has_no_group(&r, c->arena);
	if (why_none)
		log_warning("%s", why_none);
	inspect_open(&fs, c, &r, c->arena);
	if (c->options.json)
		jsonw_object(&w, NULL);
	for (size_t i = 0; !why_none && i < r.n_mounts; i++) {
		const char *name = r.mounts[i].name;
		const char *path = cgroupfs_path(&fs, name, usage_path(&r, name), NULL);

		if (c->options.json)
			jsonw_string(&w, name, path);
		else
			text_printf(c->out, "%-14s %s\n", name, path);
	}
	if (c->options.json) {
		jsonw_end_object(&w);
		text_puts(c->out, "\n");
	}
	cgroupfs_close(&fs);
	return 0;
}
