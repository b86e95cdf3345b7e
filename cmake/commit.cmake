# Writes OUTPUT with the commit that is being built ("+changes" where the sources differ from it), if it changed:
#   cmake -DSOURCE=... -DOUTPUT=... -P commit.cmake
execute_process(COMMAND git -C ${SOURCE} rev-parse --short=12 HEAD
  OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
if(failed)
  set(commit unknown)
else()
  file(GLOB papers RELATIVE ${SOURCE} ${SOURCE}/paper_*)
  execute_process(COMMAND git -C ${SOURCE} status --porcelain -- common cmake CMakeLists.txt ${papers}
    OUTPUT_VARIABLE changes ERROR_QUIET)
  if(changes)
    string(APPEND commit "+changes")
  endif()
endif()
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT "#define SUITE_COMMIT \"${commit}\"\n")
