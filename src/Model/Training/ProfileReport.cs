using MiniGpt.Autograd;

namespace MiniGpt.Model.Training;

/// <summary>One row of a profile.</summary>
/// <param name="Operator">The operator, or another part of the run.</param>
/// <param name="Pass">Forward, backward or neither.</param>
/// <param name="Calls">How often it was called; null where calls mean nothing.</param>
/// <param name="Milliseconds">The time of all calls.</param>
/// <param name="Share">That time as a share of the whole.</param>
/// <param name="FlopsPerSecond">Floating-point operations of matrix products a second; null where there are none.</param>
/// <param name="ShareOfCeiling">Those as a share of what the machine's multiply-add units can do.</param>
public sealed record ProfileRow(
    string Operator, ProfilePass Pass, long? Calls, double Milliseconds, double Share, double? FlopsPerSecond, double? ShareOfCeiling);

/// <summary>Where the time of a run went, as rows that add up to its wall time.</summary>
public static class ProfileReport
{
    /// <summary>The name of the row for the time that belongs to no other one.</summary>
    public const string EverythingElse = "everything else";

    /// <summary>The rows, the longest first; then what is left, and the whole.</summary>
    /// <param name="profile">What was measured.</param>
    /// <param name="ceiling">The machine's multiply-add ceiling in FLOP/s.</param>
    public static IReadOnlyList<ProfileRow> Rows(Profile profile, double ceiling)
    {
        double whole = profile.Elapsed.TotalSeconds, seconds = 0, operations = 0;
        List<ProfileRow> rows = [];
        foreach (ProfileEntry entry in profile.Entries.OrderByDescending(entry => entry.Seconds))
        {
            rows.Add(Row(entry.Name, entry.Pass, entry.Calls, entry.Seconds, entry.Operations));
            seconds += entry.Seconds;
            operations += entry.Operations;
        }

        rows.Add(Row(EverythingElse, ProfilePass.Other, null, whole - seconds, 0));
        rows.Add(Row("wall time", ProfilePass.Other, null, whole, operations));
        return rows;

        ProfileRow Row(string name, ProfilePass pass, long? calls, double seconds, double operations)
        {
            double? rate = operations > 0 ? operations / seconds : null;
            return new ProfileRow(name, pass, calls, seconds * 1000, seconds / whole, rate, rate / ceiling);
        }
    }
}
