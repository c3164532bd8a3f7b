namespace MiniGpt.Model.Lessons;

/// <summary>How a stage is drawn.</summary>
public enum StageKind
{
    /// <summary>A matrix of any numbers: colours on both sides of zero.</summary>
    Numbers,

    /// <summary>A matrix of shares whose rows sum to one.</summary>
    Weights,

    /// <summary>A bar for each column, rows side by side.</summary>
    Bars,

    /// <summary>A line for each column, along the rows, which are numbers. A slider moves a mark along them.</summary>
    Lines,

    /// <summary>Rows as points of a plane: two columns.</summary>
    Points,

    /// <summary>Numbers that no picture says better.</summary>
    Table,

    /// <summary>A text in pieces, one way to cut it in each row. There are no columns and no numbers.</summary>
    Pieces,

    /// <summary>Pieces that lie over each other at the places of a text where they fit, in a single row.</summary>
    Lattice,

    /// <summary>A computation: rows are its values, each with its own number and one that runs backwards; edges say what is made of what.</summary>
    Graph,

    /// <summary>Rows are the lines of a program. There are no columns.</summary>
    Code,
}

/// <summary>A matrix with a name for each row and column, or one for each stop of a slider.</summary>
/// <param name="Key">The stage's name within the lesson.</param>
/// <param name="Kind">How it is drawn.</param>
/// <param name="Rows">A name for each row.</param>
/// <param name="Columns">A name for each column.</param>
/// <param name="Values">
/// Row after row, and frame after frame. What there is not, or is hidden, is minus infinity or no number.
/// </param>
public sealed record LessonStage(
    string Key, StageKind Kind, IReadOnlyList<string> Rows, IReadOnlyList<string> Columns, IReadOnlyList<double> Values)
{
    /// <summary>What moves the picture; null where it stands still.</summary>
    public LessonSlider? Slider { get; init; }

    /// <summary>The pieces of a text, where it is one that is shown.</summary>
    public IReadOnlyList<LessonPiece> Pieces { get; init; } = [];

    /// <summary>Where each row stands in a graph; otherwise empty.</summary>
    public IReadOnlyList<GraphPlace> Places { get; init; } = [];

    /// <summary>What is made of what in a graph; otherwise empty.</summary>
    public IReadOnlyList<GraphEdge> Edges { get; init; } = [];

    /// <summary>How many matrices there are: one for each stop of the slider, or one alone, along which it moves a mark.</summary>
    public int Frames => Slider is null || Columns.Count > 0 && Values.Count == Rows.Count * Columns.Count ? 1 : Slider.Stops.Count;

    /// <summary>A row of the matrix, or of one of several.</summary>
    public IEnumerable<double> Row(int row, int frame = 0) => Values.Skip((frame * Rows.Count + row) * Columns.Count).Take(Columns.Count);

    /// <summary>The pieces of a row, in their order.</summary>
    public IEnumerable<LessonPiece> PiecesOf(int row, int frame = 0) => Pieces.Where(piece => piece.Row == row && piece.Frame == frame);
}

/// <summary>What moves a picture. Stages with the same key move together.</summary>
/// <param name="Key">Its name within the lesson.</param>
/// <param name="Stops">What is written at each of its places.</param>
/// <param name="Start">The place at which it stands first.</param>
public sealed record LessonSlider(string Key, IReadOnlyList<string> Stops, int Start = 0)
{
    /// <summary>Whether its stops are rows of lines, on which it sets a mark.</summary>
    public bool MarksRows { get; init; }
}

/// <summary>A part of a text.</summary>
/// <param name="Row">The row that it is in.</param>
/// <param name="Text">The part.</param>
public sealed record LessonPiece(int Row, string Text)
{
    /// <summary>The stop of the slider at which it is there.</summary>
    public int Frame { get; init; }

    /// <summary>The place in the text, in characters, where it begins; for a lattice.</summary>
    public int Start { get; init; }

    /// <summary>How likely it is, as a logarithm; for a lattice.</summary>
    public double Score { get; init; }

    /// <summary>Whether it stands out.</summary>
    public bool IsMarked { get; init; }
}

/// <summary>Where a value stands in a graph.</summary>
/// <param name="Depth">How far from the beginning.</param>
/// <param name="Lane">How far to the side.</param>
public sealed record GraphPlace(double Depth, double Lane);

/// <summary>That a value of a graph is made of another one.</summary>
/// <param name="From">The row of the one that it is made of.</param>
/// <param name="To">The row of the one that is made.</param>
/// <param name="Slope">How much the second moves with the first.</param>
public sealed record GraphEdge(int From, int To, double Slope);
