namespace MiniGpt.Model.Lessons;

/// <summary>A number that knows what it was made of, and by how much it moves when those move.</summary>
internal sealed class Scalar(double value, params (Scalar From, double Slope)[] made)
{
    public double Value => value;
    public (Scalar From, double Slope)[] Made => made;
    public double Gradient { get; private set; }

    public static Scalar operator +(Scalar a, Scalar b) =>
        new(a.Value + b.Value, (a, 1), (b, 1));
    public static Scalar operator -(Scalar a, Scalar b) =>
        new(a.Value - b.Value, (a, 1), (b, -1));
    public static Scalar operator *(Scalar a, Scalar b) =>
        new(a.Value * b.Value, (a, b.Value), (b, a.Value));
    public Scalar Squared() => new(Value * Value, (this, 2 * Value));
    public Scalar Tanh() =>
        new(Math.Tanh(Value), (this, 1 - Math.Pow(Math.Tanh(Value), 2)));

    public void Backward()
    {
        List<Scalar> order = [];
        Visit(this);
        Gradient = 1;
        foreach (Scalar number in order.AsEnumerable().Reverse())
        {
            foreach ((Scalar from, double slope) in number.Made)
                from.Gradient += slope * number.Gradient;
        }

        void Visit(Scalar number)
        {
            if (order.Contains(number))
                return;
            foreach ((Scalar from, _) in number.Made)
                Visit(from);
            order.Add(number);
        }
    }
}
