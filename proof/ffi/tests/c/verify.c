/* Verifies FILE from the anchor in the file ANCHOR (`-` for none) and prints the answer; exits with its code. */
#include "lupu_proof.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint8_t *read_file(const char *path, size_t *len) {
  FILE *f = fopen(path, "rb");
  if (!f) exit(100);
  fseek(f, 0, SEEK_END);
  long size = ftell(f);
  rewind(f);
  uint8_t *bytes = malloc((size_t)size + 1);
  if (!bytes || fread(bytes, 1, (size_t)size, f) != (size_t)size) exit(101);
  fclose(f);
  *len = (size_t)size;
  return bytes;
}

int main(int argc, char **argv) {
  if (argc != 4) return 102;
  size_t len = 0, anchor_len = 0, count = 0;
  uint8_t digest[32];
  uint8_t *file = read_file(argv[1], &len);
  if (strcmp(argv[2], "-") != 0) {
    uint8_t *anchor = read_file(argv[2], &anchor_len);
    if (lupu_proof_anchor(anchor, anchor_len, digest) != LUPU_PROOF_TRUE) return 103;
    free(anchor);
    count = 1;
  }
  uint64_t now = strtoull(argv[3], NULL, 10);
  char *json = NULL, *html = NULL;
  int32_t code = lupu_proof_verify(file, len, count ? digest : NULL, count, now, &json);
  if (lupu_proof_html(file, len, count ? digest : NULL, count, now, &html) != code || !json || !html) return 104;
  if ((code == LUPU_PROOF_MALFORMED) != (html[0] == '\0')) return 105;
  if (lupu_proof_verify(file, len, count ? digest : NULL, count, now, NULL) != code) return 106;
  printf("%s", json);
  lupu_proof_free(json);
  lupu_proof_free(html);
  lupu_proof_free(NULL);
  json = (char *)file;
  if (lupu_proof_verify(NULL, 1, NULL, 0, 0, &json) != LUPU_PROOF_MISUSE || json) return 107;
  if (lupu_proof_verify(file, len, NULL, 1, 0, NULL) != LUPU_PROOF_MISUSE) return 108;
  if (lupu_proof_verify(file, len, digest, SIZE_MAX, 0, NULL) != LUPU_PROOF_MISUSE) return 109;
  if (lupu_proof_verify(NULL, 0, NULL, 0, 0, NULL) != LUPU_PROOF_MALFORMED) return 110;
  if (lupu_proof_anchor(file, len, NULL) != LUPU_PROOF_MISUSE) return 111;
  if (strlen(lupu_proof_version()) < 5) return 112;
  free(file);
  return code;
}
