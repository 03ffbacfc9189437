# Sanitizer builds compile the sources of a layer eight at a time, which takes a third of the time. Users'
# and developers' builds do not: a one-file change would compile eight.
foreach(layer base conf http api middleware telemetry codec upstream proxy runtime)
  get_target_property(type sluice_${layer} TYPE)
  if(NOT type STREQUAL "INTERFACE_LIBRARY")
    set_target_properties(sluice_${layer} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
  endif()
endforeach()
# net is left out: its backends are parallel on purpose and name their own things alike. So do these:
set_source_files_properties(src/proxy/route_config.cc src/proxy/route_match.cc PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
