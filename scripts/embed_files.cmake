# Writes OUT: every file of FILES as a C array named embedded_<name>, and its size in
# embedded_<name>_size; dots and dashes of the file name become underscores.
set(text "/* Made by scripts/embed_files.cmake. */\n#include <stddef.h>\n")
foreach(file IN LISTS FILES)
  get_filename_component(name ${file} NAME)
  string(REGEX REPLACE "[^A-Za-z0-9]" "_" name "embedded_${name}")
  file(READ ${file} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(APPEND text "extern const unsigned char ${name}[];\n"
                     "extern const size_t ${name}_size;\n"
                     "const unsigned char ${name}[] = {${bytes}0};\n"
                     "const size_t ${name}_size = sizeof(${name}) - 1;\n")
endforeach()
file(WRITE ${OUT} "${text}")
