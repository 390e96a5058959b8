/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_edit - a JSON text with more elements in one of its arrays, all else byte for byte
 *
 * For those who hand a document on that they understand in part only: order, white
 * space, digits, escapes and unknown names stay, because nothing is written again.
 */
#ifndef VMCG_OCI_JSON_EDIT_H
#define VMCG_OCI_JSON_EDIT_H

#include "oci/json.h"
#include "oci/text.h"

struct json_edit {
	const char *name;     /* of the document, for messages */
	const char *pointer;  /* of the array, below the root; its names are plain letters */
	const char *elements; /* JSON values with commas between them, at least one */
};

/*
 * Append the text to out with the elements behind the last one of the array. The array,
 * and the objects on the way to it, are made when they are absent or null. Refused as
 * json_parse refuses; also what is there and neither null nor of the right type, and a
 * result that json_parse would find too large. Errors are ERROR_INPUT, and leave out as it was.
 */
int json_edit_append(struct text *out, const char *bytes, size_t len, const struct json_edit *edit,
		     struct error *e);

#endif
