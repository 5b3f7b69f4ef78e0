"""Line drawings of exercises: poses as data, a jointed body, and the SVG of one or more frames."""
