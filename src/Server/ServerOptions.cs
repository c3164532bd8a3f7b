using System.Net;
using MiniGpt.Model.Generation;

namespace MiniGpt.Server;

/// <summary>Where a <see cref="ModelServer"/> listens, whom it lets in, and how much it takes on.</summary>
public sealed record ServerOptions
{
    /// <summary>The address to listen at.</summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>The port; 0 for any that is free.</summary>
    public int Port { get; init; } = 8080;

    /// <summary>The keys, of which a request must bring one; none where everybody who reaches the address is let in.</summary>
    public IReadOnlyList<string> ApiKeys { get; init; } = [];

    /// <summary>The origins whose pages may ask from a browser, "*" for all; by default the service's own page alone.</summary>
    public IReadOnlyList<string> Origins { get; init; } = [];

    /// <summary>How many texts are written at once, how many wait, and the memory of their keys and values.</summary>
    public GenerationLimits Generation { get; init; } = new();

    /// <summary>The bytes of a request's body at most.</summary>
    public long MostBodyBytes { get; init; } = 4 << 20;

    /// <summary>The bytes of a request's first line, with the address, at most.</summary>
    internal int MostLineBytes { get; init; } = 8 << 10;

    /// <summary>How many tokens a request can ask for.</summary>
    public int MostTokens { get; init; } = 4096;

    /// <summary>How long a request may take.</summary>
    public TimeSpan MostTime { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How many connections there may be.</summary>
    public int MostConnections { get; init; } = 1024;

    /// <summary>How long requests that run may go on once the service is to end.</summary>
    public TimeSpan Drain { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a client may send or take nothing before it is cut off.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Is told of errors of the service itself, of which clients are told no more than that there was one; null to be told nothing.</summary>
    public Action<Exception>? Failed { get; init; }

    /// <summary>Throws where a value makes no sense.</summary>
    /// <exception cref="ArgumentException">One line with the value and what was expected.</exception>
    public void Validate()
    {
        Check(Port is >= 0 and <= 65535, $"the port must be from 0 to 65535, it is {Port}");
        Check(Generation.Parallel > 0, $"the number of texts at once must be positive, it is {Generation.Parallel}");
        Check(Generation.MostQueued >= 0, $"the number of texts that wait must not be negative, it is {Generation.MostQueued}");
        Check(MostBodyBytes > 0, $"the size of a body must be positive, it is {MostBodyBytes}");
        Check(MostTokens > 0, $"the number of tokens must be positive, it is {MostTokens}");
        Check(MostTime > TimeSpan.Zero, $"the time of a request must be positive, it is {MostTime}");
        Check(MostConnections > 0, $"the number of connections must be positive, it is {MostConnections}");
        Check(Drain >= TimeSpan.Zero, $"the time to end in must not be negative, it is {Drain}");
        Check(Patience > TimeSpan.FromSeconds(1), $"the patience must be over a second, it is {Patience}");
        Check(ApiKeys.All(key => key.Length > 0), $"an API key must have at least one character");

        static void Check(bool rule, FormattableString otherwise)
        {
            if (!rule)
                throw new ArgumentException(FormattableString.Invariant(otherwise));
        }
    }
}
