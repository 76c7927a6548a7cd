"""What can be done, each as a function that takes its parts and gives a value back.

An action knows who asks by an argument. It prints nothing, ends no process, and reads neither the process environment
nor settings; what is wrong it raises as a `HubError`. Commands word its value for people and machines, services too.
"""
