using System.Diagnostics;

namespace MiniGpt.Autograd;

/// <summary>What the time between two laps was spent on.</summary>
public enum ProfilePass
{
    /// <summary>An operator's values.</summary>
    Forward,

    /// <summary>An operator's gradients.</summary>
    Backward,

    /// <summary>What is no operator: the optimizer, the data, an evaluation.</summary>
    Other,
}

/// <summary>Where the time goes. Laps follow each other without a gap, so that their times add up to that of the whole.</summary>
/// <remarks>
/// A tape with a profile ends a lap when an operator has left its node, and when a node's backward has run; whoever trains ends one after
/// each other part of a step. Without a profile this costs one comparison with null an operator.
/// </remarks>
public sealed class Profile
{
    private readonly Dictionary<(string Name, ProfilePass Pass), ProfileEntry> _entries = [];
    private readonly long _start = Stopwatch.GetTimestamp();
    private long _last = Stopwatch.GetTimestamp();
    private IProfiled? _recorded;
    private long _recordedTicks;

    /// <summary>The time since the profile was made.</summary>
    public TimeSpan Elapsed => Stopwatch.GetElapsedTime(_start);

    /// <summary>Calls, time and operations of each operator and pass, in the order in which they were first met.</summary>
    public IReadOnlyCollection<ProfileEntry> Entries => _entries.Values;

    /// <summary>Begins a lap; the time since the last one belongs to nobody.</summary>
    public void Begin()
    {
        Settle();
        _last = Stopwatch.GetTimestamp();
    }

    /// <summary>Ends a lap.</summary>
    /// <param name="name">What the time since the end of the last lap was spent on.</param>
    public void Lap(string name)
    {
        Settle();
        Add(name, ProfilePass.Other, TakeTicks(), 0);
    }

    // The node's fields, which tell its name and operations, are set after it has been recorded: they are read with the next lap.
    internal void Recorded(IProfiled node)
    {
        Settle();
        _recorded = node;
        _recordedTicks = TakeTicks();
    }

    internal void Passed(IProfiled node) => Add(node.Name, ProfilePass.Backward, TakeTicks(), node.BackwardOperations);

    /// <summary>Counts the last operator of the forward pass.</summary>
    internal void Settle()
    {
        if (_recorded is { } node)
        {
            Add(node.Name, ProfilePass.Forward, _recordedTicks, node.ForwardOperations);
            _recorded = null;
        }
    }

    private long TakeTicks()
    {
        long now = Stopwatch.GetTimestamp(), ticks = now - _last;
        _last = now;
        return ticks;
    }

    private void Add(string name, ProfilePass pass, long ticks, double operations)
    {
        if (!_entries.TryGetValue((name, pass), out ProfileEntry? entry))
        {
            entry = new ProfileEntry(name, pass);
            _entries.Add((name, pass), entry);
        }

        entry.Add(ticks, operations);
    }
}

/// <summary>The sums over all calls of one operator in one pass.</summary>
/// <param name="name">The operator's name, with the sizes of its weights where it has some.</param>
/// <param name="pass">Forward, backward or neither.</param>
public sealed class ProfileEntry(string name, ProfilePass pass)
{
    private long _ticks;

    /// <summary>The operator's name, with the sizes of its weights where it has some.</summary>
    public string Name => name;

    /// <summary>Forward, backward or neither.</summary>
    public ProfilePass Pass => pass;

    /// <summary>How often it was called.</summary>
    public long Calls { get; private set; }

    /// <summary>Seconds in all calls together.</summary>
    public double Seconds => (double)_ticks / Stopwatch.Frequency;

    /// <summary>Floating-point operations of its matrix products in all calls together; 0 where it has none.</summary>
    public double Operations { get; private set; }

    internal void Add(long ticks, double operations)
    {
        Calls++;
        _ticks += ticks;
        Operations += operations;
    }
}

/// <summary>What a profile asks of a node.</summary>
internal interface IProfiled
{
    string Name { get; }

    double ForwardOperations { get; }

    double BackwardOperations { get; }
}
